"""A module that cannot be imported."""

import no_such_module


def handler(event, context):
    return no_such_module
