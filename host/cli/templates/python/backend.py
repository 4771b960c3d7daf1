from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.backend import Description, OpenConfig, StateLocation
from wit_world.imports.types import Error_InvalidArgument

from state import STATE, Namespace, key


# The base class has every function of the interface. One that is missing fails the build.
class Backend(exports.Backend):
    def describe(self) -> Description:
        return Description(
            name="{{name}}",
            version="0.1.0",
            # Say `SHARED` once the state is behind an import, where other instances see it.
            state=StateLocation.INSTANCE,
            # Say `True` once what was answered survives a killed process.
            durable=False,
        )

    def open(self, config: OpenConfig) -> None:
        # Checked first: an `open` that fails changes nothing.
        for name, _ in config.settings:
            raise Err(Error_InvalidArgument(f"there is no setting `{name}`"))
        ids = {key(flow.id) for flow in config.registered_flows}
        if len(ids) < len(config.registered_flows):
            raise Err(Error_InvalidArgument("a flow is registered twice"))
        STATE.namespaces.setdefault(config.namespace, Namespace())
        STATE.open = config.namespace

    def discard(self, namespace: str) -> None:
        STATE.namespaces.pop(namespace, None)
        if STATE.open == namespace:
            # It stays open, and is empty.
            STATE.namespaces[namespace] = Namespace()
