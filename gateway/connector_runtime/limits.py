"""What a source may be asked to bear and what its askers bear of it: every figure of the call runtime in one table."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Share = Annotated[float, Field(gt=0, le=1)]


class Limits(BaseModel):
    """How a source is called. A manifest states what its register wants under `[limits]`; an operator's table
    `[connectors.NAME.limits]` wins over it key by key; what nobody states has the default. Durations are seconds.

    Room: `concurrency` calls at the same time in one worker; up to `queue` more wait for a place, at most `queue_for`.
    Pace: `per_second` calls begun in a second in one worker, no more than a second's worth at once; 0 is no limit.
    An answer may come `late_for` after the form's deadline. `tell_time_left` sends `Gate06-Time-Left` (milliseconds)
    with every request, so that the source can give up what nobody waits for.

    Asking again: a read that found nobody there is tried `retries` times more, with a random pause, only while the
    asker still waits and the budget lasts (`retry_share` tries per call); a source that says `Retry-After` is left
    alone for so long. `replicated` sources are asked a second time when the first request takes longer than 95 of 100
    did; that comes out of the same budget. `coalesce` lets the same question asked twice at once be one call.

    Outage: of at least `fewest_calls` in `window_for`, a share of `failure_ratio` failed or of `slow_ratio` took longer
    than `slow_for`: nothing is asked for `paused_for`, then one call at a time; `probes` good ones end it.

    Keeping: nothing, unless `fresh_for` names attributes with the seconds their value may serve again; after that it
    serves for `stale_for` more while the source is in trouble, and the form says so. At most `kept_people` people.

    Quota: `daily_total` calls a day (Vietnam time) for all, `daily_per_portal` and `daily_per_procedure` for each; 0 is
    no quota. Drift: of the last `drift_window` answers an attribute that used to be there is gone or unreadable,
    answers name other people, or hardly anybody is known any more: the connector is quarantined; 0 switches this off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    concurrency: Annotated[int, Field(ge=1, le=1000)] = 64
    queue: Annotated[int, Field(ge=0, le=10_000)] = 64
    queue_for: Seconds = 0.5
    per_second: Annotated[int, Field(ge=0, le=100_000)] = 0
    late_for: Annotated[float, Field(ge=0, le=60)] = 20.0
    tell_time_left: bool = True
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    retry_share: Share = 0.1
    replicated: bool = False
    coalesce: bool = True
    window_for: Annotated[float, Field(ge=1, le=600)] = 30.0
    fewest_calls: Annotated[int, Field(ge=1, le=10_000)] = 10
    failure_ratio: Share = 0.5
    slow_for: Annotated[float, Field(gt=0, le=60)] = 2.0
    slow_ratio: Share = 0.8
    paused_for: Annotated[float, Field(ge=1, le=600)] = 10.0
    probes: Annotated[int, Field(ge=1, le=20)] = 1
    fresh_for: dict[str, Seconds] = Field(default_factory=dict)
    stale_for: Seconds = 0.0
    kept_people: Annotated[int, Field(ge=1, le=100_000)] = 1000
    daily_total: Annotated[int, Field(ge=0)] = 0
    daily_per_portal: Annotated[int, Field(ge=0)] = 0
    daily_per_procedure: Annotated[int, Field(ge=0)] = 0
    drift_window: Annotated[int, Field(ge=0, le=1000)] = 20

    def under(self, wins: Self) -> Self:
        """Return these figures with those that `wins` states in their place."""
        return self.model_copy(update={name: getattr(wins, name) for name in wins.model_fields_set})
