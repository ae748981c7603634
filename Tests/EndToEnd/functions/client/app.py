"""A function of AWS's own client (awslambdaric): the handler does what the event asks for."""

import json
import logging
import os
import signal
import sys
import time

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


def on_term(*_):
    print("asked to end", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, on_term)
VERSION = "first"


class Mood(Exception):
    pass


def deeper():
    raise Mood("out of\nsorts: 悪い")


def handler(event, context):
    """Of an HTTP API."""
    asked = json.loads(event.get("body") or "{}") or event.get("queryStringParameters") or {}
    what = asked.get("do", "nothing")
    if what == "print":
        print("one line\nand another")
        print("a third: 三", file=sys.stderr)
        logger.warning("a warning with\ntwo lines")
    if what == "raise":
        deeper()
    if what == "nan":
        return float("nan")
    if what == "object":
        return {"statusCode": 200, "body": object()}
    if what == "bytes":
        return {"statusCode": 200, "body": b"\x00\xff"}
    if what == "base64":
        return {
            "statusCode": 201, "headers": {"Content-Type": "image/png", "X-Own": "yes"}, "cookies": ["a=b", "c=d"],
            "body": "AP8=", "isBase64Encoded": True}
    if what == "exit":
        sys.exit(9)
    if what == "sleep":
        time.sleep(0.5)
    if what == "event":
        return event
    if what == "context":
        return {
            "id": context.aws_request_id, "name": context.function_name, "memory": context.memory_limit_in_mb,
            "left": context.get_remaining_time_in_millis(), "arn": context.invoked_function_arn,
            "environment": sorted(os.environ)}
    return {"pid": os.getpid(), "version": VERSION}


def enter(event, context):
    """A socket's beginning, and what it says."""
    context = event["requestContext"]
    if context["eventType"] == "CONNECT":
        banned = "banned" in context["authorizer"].get("roles", "")
        return {"statusCode": 403, "body": "Not you."} if banned else {"statusCode": 200}
    body = json.loads(event["body"])
    if body == "refuse":
        return {"statusCode": 409, "body": "Not now."}
    return {"statusCode": 200, "body": json.dumps({"said": body, "by": context["authorizer"]["sub"]})}


def work(event, context):
    """Jobs, and times of a schedule: the data alone."""
    print("worked on " + json.dumps(event, sort_keys=True))
    if event is not None and "fail" in json.dumps(event) and not os.path.exists(os.environ["MARK"]):
        open(os.environ["MARK"], "w").close()
        raise Mood("not at the first time")
    return None
