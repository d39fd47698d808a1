"""The reference of events, made from their classes: `docs/events.md` is this text (style anchor 16)."""

from gateway.audit.event import Event

_MEMBERS = (
    ("v", "number", "version of this shape, 1"),
    ("at", "text", "when, UTC with milliseconds"),
    ("event", "text", "name of the event class"),
    ("portal", "text or null", "client id of the portal"),
    ("procedure", "text or null", "code of the procedure"),
    ("dossier", "text or null", "the portal's number of the dossier"),
    ("actor", "object", "`kind`: citizen, officer, portal, gateway or operator; `ref`: keyed reference or client id"),
    ("subject_ref", "text or null", "keyed monthly reference of the citizen; unlinkable without the citizen's own key"),
    ("attributes", "list of text", "names of attributes, never their values"),
    ("basis", "text or null", "legal basis or consent"),
    ("consent_id", "text or null", "the consent record"),
    ("policy_bundle", "text or null", "digest of the policy bundle that decided"),
    ("policy_ids", "list of text", "the policies that made the decision"),
    ("connector", "text or null", "the source"),
    ("outcome", "text", "one word; the error code for a refusal"),
    ("receipt", "text", "public id: `rc_…`, or `rf_…` for a refusal"),
    ("trace_id", "text or null", "the request's trace"),
    ("nonce", "text", "128 random bits, so that a leaf cannot be guessed from its hash"),
)


def event_classes() -> list[type[Event]]:
    """Return every named event class, by name (import the modules that define them first)."""
    found: dict[str, type[Event]] = {}
    waiting: list[type[Event]] = [Event]
    while waiting:
        for child in waiting.pop().__subclasses__():
            waiting.append(child)
            if child.name:
                found[child.name] = child
    return [found[name] for name in sorted(found)]


def render_reference() -> str:
    """Return `docs/events.md`."""
    lines = [
        "# Events",
        "",
        "Made from the event classes in `gateway`; do not edit. An event's RFC 8785 bytes are a leaf of the",
        "evidence log. It holds attribute names and keyed references, never a value or a number of a citizen.",
        "",
        "## Members",
        "Every event has all of them, null or empty where one does not apply. An event may add members.",
        "",
        "| Member | Type | Meaning |",
        "|---|---|---|",
        *(f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in _MEMBERS),
        "",
        "## Kinds",
        "| Event | Sentence | When |",
        "|---|---|---|",
        *(f"| `{kind.name}` | {kind.sentence} | {_summary(kind)} |" for kind in event_classes()),
    ]
    return "\n".join(lines) + "\n"


def _summary(kind: type[Event]) -> str:
    return " ".join((kind.__doc__ or "").split())
