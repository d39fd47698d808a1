"""The runtime's own caller around the candidate's connector, with a clock that the exam moves."""

from gateway.connector_runtime.call import SourceCaller
from gateway.connector_runtime.contract import Connector
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.means import Means
from gateway.vocabulary.clock import Clock


def caller_of(connector: Connector, manifest: Manifest, clock: Clock) -> SourceCaller:
    """Return the caller that the gateway would put around this connector, with the limits of its manifest.

    Nothing is kept and no drift is watched: the exam asks the same question again on purpose.
    """
    limits = manifest.limits.model_copy(update={"fresh_for": {}, "drift_window": 0})
    return SourceCaller(manifest.id, connector, Means(clock), provides=manifest.provides, limits=limits)
