// What a host needs: everything of `Sources/Runtime`.
@_exported public import Engine
@_exported public import ForeignEvents
@_exported public import Functions
@_exported public import Identity
@_exported public import Manifest
@_exported public import Observability
@_exported public import Recording
@_exported public import Schedule
