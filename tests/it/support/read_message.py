"""Reads a mail (or, with --calendar, a calendar) from standard input with Python's own parsers and prints what it says as JSON."""

import email
import email.policy
import json
import sys

from icalendar import Calendar


def events(text):
    calendar = Calendar.from_ical(text)
    found = []
    for event in calendar.walk("VEVENT"):
        start = event["DTSTART"].dt
        found.append(
            {
                "uid": str(event["UID"]),
                "start": start.isoformat(),
                "summary": str(event["SUMMARY"]),
                "description": str(event["DESCRIPTION"]),
                "rule": event["RRULE"].to_ical().decode() if "RRULE" in event else None,
                "alarms": [alarm["TRIGGER"].to_ical().decode() for alarm in event.walk("VALARM")],
            }
        )
    return {"name": str(calendar["X-WR-CALNAME"]), "version": str(calendar["VERSION"]), "events": found}


def mail(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    read = {
        "headers": [[name, str(value)] for name, value in message.items()],
        "types": [part.get_content_type() for part in message.walk()],
        "defects": [str(defect) for part in message.walk() for defect in part.defects],
        "to": [address.addr_spec for address in message["To"].addresses],
        "date": message["Date"].datetime.isoformat(),
    }
    for part in parts:
        content = part.get_content()
        if part.get_content_type() == "text/calendar":
            text = content if isinstance(content, str) else content.decode()
            read["calendar"] = events(text)
        else:
            read[part.get_content_subtype()] = content
    return read


raw = sys.stdin.buffer.read()
print(json.dumps(events(raw.decode()) if "--calendar" in sys.argv else mail(raw)))
