// What an author says of an invocation in its log line and its metrics is part of a function's own interface.
@_exported public import Observability
