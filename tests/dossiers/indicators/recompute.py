"""The indicators of Decision 766 from exported lines, once more and by another hand: plain dictionaries, one dossier
after the other, formulas written out. Nothing of the gateway is imported, so that what agrees with it agrees by itself.

    python tests/dossiers/indicators/recompute.py FILE UNIT PERIOD then|now [LEVEL]
"""

import json
import sys
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

VN = timezone(timedelta(hours=7))
THRESHOLD = {"3.1": 80, "3.3": 50, "3.5": 80, "4.2": 80, "4.3": 80, "5.4": 90}
MAXIMUM = {
    "1.1": 4,
    "1.2": 4,
    "1.3": 4,
    "1.4": 6,
    "2.1": 20,
    "3.1": 4,
    "3.2": 4,
    "3.3": 4,
    "3.5": 4,
    "3.6": 6,
    "4.1": 4,
    "4.2": 6,
    "4.3": 4,
    "4.4": 4,
    "4.5a": 2,
    "4.5b": 2,
    "5.2": 6,
    "5.3": 6,
    "5.4": 6,
}
GROUPS = {
    "1": ("1.1", "1.2", "1.3", "1.4"),
    "2": ("2.1", "2.2"),
    "3": ("3.1", "3.2", "3.3", "3.online", "3.5", "3.6"),
    "4": ("4.1", "4.2", "4.3", "4.4", "4.5a", "4.5b"),
    "5": ("5.1", "5.2", "5.3", "5.4"),
}


def read(lines):
    province = defaultdict(list)
    for line in lines:
        row = json.loads(line)
        province[row["kind"]].append(row)
    province["open"] = sorted(date.fromisoformat(day) for day in province["calendar"][0]["working_days"])
    return province


def instant(text):
    return None if text is None else datetime.fromisoformat(text).astimezone(VN)


def whole_day(text):
    return None if text is None else date.fromisoformat(text)


def span(period):
    year = int(period[:4])
    if len(period) == 4:
        return date(year, 1, 1), date(year + 1, 1, 1)
    if "Q" in period:
        quarter = int(period[-1])
        return date(year, quarter * 3 - 2, 1), date(year + quarter // 4, quarter * 3 % 12 + 1, 1)
    month = int(period[5:])
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def workdays_later(open_days, day, count):
    for candidate in open_days:
        if candidate > day:
            count -= 1
            if count == 0:
                return candidate
    raise AssertionError("the exported calendar is too short")


class Units:
    def __init__(self, rows, today):
        self.rows, self.today = rows, today

    def find(self, code, day):
        for row in self.rows:
            ends = whole_day(row["ends"])
            if row["code"] == code and whole_day(row["begins"]) <= day and (ends is None or ends >= day):
                return row
        return None

    def climb(self, row, day):
        line = []
        while row is not None:
            line.append(row["code"])
            row = self.find(row["parent"], day) if row["parent"] else None
        return set(line)

    def owners(self, code, day, boundary):
        """Everybody this code counts for."""
        row = self.find(code, day)
        if row is None:
            return set()
        ended = row["ends"] is not None and whole_day(row["ends"]) < self.today
        if boundary == "now" and ended and row["became"]:
            shared = [self.climb(self.find(one, self.today), self.today) for one in row["became"]]
            return set.intersection(*shared)
        return self.climb(row, day)

    def level(self, code, day):
        row = self.find(code, day) or next((one for one in self.rows if one["code"] == code), None)
        return row["level"] if row else None


def finish(dossier):
    """When it was over, or None."""
    for text in (dossier["ended_at"], dossier["returned_at"]):
        if text is not None:
            return instant(text)
    stops = [instant(moment["at"]) for moment in dossier["moments"] if moment["status"] in (3, 7, 8)]
    return min(stops) if stops else None


def breaks(dossier, until):
    """Every stretch in which the citizen was waited for, joined, cut at `until`; without an answer it goes on."""
    stretches = sorted(
        (instant(one["asked_at"]), instant(one["answered_at"]) or datetime.max.replace(tzinfo=VN))
        for one in dossier["supplements"]
    )
    joined = []
    for start, stop in stretches:
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], stop)
        else:
            joined.append([start, stop])
    return [(start, min(stop, until)) for start, stop in joined if start < until]


def is_late(dossier, cut):
    """Late at the cut-off: the clock that ran past the due date, or a second request for papers."""
    asked = sorted(instant(one["asked_at"]) for one in dossier["supplements"])
    if len(asked) > 1 and asked[1] < cut:
        return True
    due, over = instant(dossier["due_at"]), finish(dossier)
    if due is None:
        return False
    stop = cut if over is None else min(over, cut)
    return stop - sum((b - a for a, b in breaks(dossier, stop)), timedelta()) > due


def handled_seconds(dossier):
    over, begun = finish(dossier), instant(dossier["received_at"])
    waited = sum((max(b - max(a, begun), timedelta()) for a, b in breaks(dossier, over)), timedelta())
    return max(int((over - begun - waited).total_seconds()), 0)


def recompute(province, unit, period, boundary, level=None):
    """Return {group or indicator id: figures} of one unit and period, and the total."""
    present = instant(province["present"][0]["at"])
    first, after = span(period)
    cut_day = min(after, present.date())
    cut = datetime(cut_day.year, cut_day.month, cut_day.day, tzinfo=VN)
    # units are read in UTC's day of the present, as they were handed in
    units = Units(province["unit"], datetime.fromisoformat(province["present"][0]["at"]).date())
    procedures = {row["code"]: row for row in province["procedure"]}
    receipts = {row["id"]: row["sources"] for row in province["receipt"]}
    disliked = {row["dossier"] for row in province["feedback"] if row["complaint"] or row["satisfied"] is False}

    def within(day):
        return day is not None and first <= day < after

    def ours(code, day):
        month = day.replace(day=1)
        if level is not None and units.level(code, month) != level:
            return False
        return unit in units.owners(code, month, boundary)

    received, handled = [], []
    for dossier in province["dossier"]:
        begun = instant(dossier["received_at"])
        code = dossier["handling_unit"] or dossier["receiving_unit"]
        if begun is None or code is None or not ours(code, begun.date()):
            continue
        over = finish(dossier)
        if within(begun.date()):
            received.append(dossier)
        if within(begun.date()) or (over is not None and within(over.date())):
            handled.append(dossier)

    def about(dossier):
        return procedures.get(dossier["procedure"] or "", {})

    def sources(dossier):
        return [receipts[one] for one in dossier["receipts"] if receipts.get(one)]

    def proven(dossier, source):
        return any(source in one for one in sources(dossier))

    def from_store(dossier):
        return any(paper["from_store"] for paper in dossier["inputs"])

    def result_file(dossier):
        return any(one["has_file"] or one["has_link"] for one in dossier["results"])

    def population_claimed(dossier):
        return bool(dossier["claimed"]["vneid_verified"]) or from_store(dossier)

    counts, claims, left_out = {}, {}, defaultdict(int)

    def count(name, top, bottom):
        counts[name] = (top, bottom)

    def share(name, among, holds, claimed=None):
        count(name, sum(1 for one in among if holds(one)), len(among))
        if claimed is not None:
            claims[name] = sum(1 for one in among if claimed(one))

    # group 1 and the listed procedures of the others
    asked_level = level or units.level(unit, first)
    listed = [one for one in procedures.values() if asked_level == "province" or asked_level in one["levels"]]
    public = [one for one in listed if one["public_on"] and whole_day(one["public_on"]) < cut_day]

    def published(one):
        day = whole_day(one["published_on"])
        return within(day) and day < cut_day

    def early_enough(one):
        if one["effective_on"] is None:
            return False
        limit = workdays_later(province["open"], whole_day(one["published_on"]), 5)
        return limit <= whole_day(one["effective_on"])

    def public_limit(one):
        return workdays_later(province["open"], whole_day(one["decided_on"]), 5)

    due = [one for one in listed if one["decided_on"] and within(public_limit(one)) and public_limit(one) < cut_day]
    share("1.1", [one for one in listed if published(one)], early_enough)
    share("1.2", due, lambda one: one["public_on"] is not None and whole_day(one["public_on"]) <= public_limit(one))
    share("1.3", public, lambda one: one["complete"])
    said = sum(
        row["count"]
        for row in province["reported"]
        if within(date.fromisoformat(row["month"] + "-01"))
        and ours(row["unit"], date.fromisoformat(row["month"] + "-01"))
    )
    count("1.4", len(received), max(len(received), said))

    # group 2
    judged = [one for one in handled if one["due_at"] is not None]
    left_out["2.1"] = left_out["5.4"] = len(handled) - len(judged)
    share("2.1", judged, lambda one: not is_late(one, cut))
    done = [
        one
        for one in handled
        if (one["ended_at"] or one["returned_at"]) and finish(one).date() < after and one["status"] not in (3, 7, 8)
    ]
    count("2.2", sum(handled_seconds(one) for one in done), len(done))

    # group 3
    def with_dossier(procedure, holds):
        return any(one["procedure"] == procedure["code"] and holds(one) for one in received)

    def electronic(one):
        return any(result["code"] and result["has_link"] for result in one["results"])

    online = [one for one in public if one["offered_online"]]
    share("3.1", public, lambda one: one["offered_online"])
    share("3.2", online, lambda one: with_dossier(one, lambda dossier: dossier["channel"] == "online"))
    share("3.online", received, lambda one: one["channel"] == "online")
    share(
        "3.3",
        received,
        lambda one: one["channel"] == "online" and (electronic(one) or not about(one).get("result_due")),
    )
    share(
        "3.5",
        [one for one in public if one["has_fees"]],
        lambda one: with_dossier(one, lambda dossier: dossier["fees"]),
    )
    priced = [one for one in received if about(one).get("has_fees")]
    waived = [one for one in priced if one["fees"] and all(fee["amount"] == 0 for fee in one["fees"])]
    left_out["3.6"] = len(waived)
    share("3.6", [one for one in priced if one not in waived], lambda one: one["paid_online"] in (1, 2))

    # group 4
    share("4.1", [one for one in received if about(one).get("result_due")], result_file)
    share("4.2", received, lambda one: result_file(one) and any(paper["has_file"] for paper in one["inputs"]))
    share(
        "4.3",
        received,
        lambda one: bool(sources(one)),
        lambda one: one["claimed"]["has_digitised_part"] or any(paper["reused"] for paper in one["inputs"]),
    )
    share("4.4", received, lambda one: proven(one, "dossier_store"), from_store)
    share(
        "4.5a",
        [one for one in public if one["for_persons"]],
        lambda one: with_dossier(one, lambda dossier: proven(dossier, "population")),
        lambda one: with_dossier(one, population_claimed),
    )
    share("4.5b", received, lambda one: proven(one, "population"), population_claimed)

    # group 5
    voices = [
        one
        for one in province["feedback"]
        if within(instant(one["received_at"]).date()) and ours(one["unit"], instant(one["received_at"]).date())
    ]

    def limit(one):
        return workdays_later(province["open"], instant(one["received_at"]).date(), 15)

    share("5.1", voices, lambda one: one["complaint"])
    share(
        "5.2",
        [one for one in voices if one["answered_at"] or limit(one) < cut_day],
        lambda one: one["answered_at"] is not None and instant(one["answered_at"]).date() <= limit(one),
    )
    share("5.3", [one for one in voices if one["satisfied"] is not None], lambda one: one["satisfied"])
    late = sum(1 for one in judged if is_late(one, cut))
    count("5.4", max(len(judged) - late - sum(1 for one in judged if one["code"] in disliked), 0), len(judged))
    return _figures(counts, claims, left_out)


def _figures(counts, claims, left_out):
    ratios, figures = {}, {}
    for name, (top, bottom) in counts.items():
        ratio = Fraction(top, bottom) if bottom else None
        factor = ratios["1.4"] if name == "3.3" else Fraction(1)
        ratio = None if ratio is None or factor is None else ratio * factor
        ratios[name] = ratio
        scale = Fraction(1, 86400) if name == "2.2" else Fraction(100)
        figures[name] = {
            "numerator": top,
            "denominator": bottom,
            "value": None if ratio is None else two_places(ratio * scale),
            "points": points(name, ratio),
            "excluded": left_out[name],
        }
        if name in claims:
            said = None if not bottom or factor is None else two_places(Fraction(claims[name], bottom) * factor * 100)
            figures[name]["claimed"] = {"numerator": claims[name], "value": said}
    groups = {
        group: sum((figures[name]["points"] for name in names if figures[name]["points"] is not None), Decimal())
        for group, names in GROUPS.items()
    }
    return {"indicators": figures, "groups": groups, "total": sum(groups.values(), Decimal())}


def points(name, ratio):
    if name not in MAXIMUM:
        return None
    if ratio is None:
        return Decimal("0.00")
    reached = ratio * 100 / THRESHOLD[name] if name in THRESHOLD else ratio
    return two_places(min(reached, 1) * MAXIMUM[name])


def two_places(value):
    with_more = Decimal(value.numerator * 10**40 // value.denominator).scaleb(-40)
    return with_more.quantize(Decimal("0.01"), ROUND_HALF_UP)


if __name__ == "__main__":
    file, *asked = sys.argv[1:]
    found = recompute(read(Path(file).read_text("utf-8").splitlines()), *asked)
    sys.stdout.write(json.dumps(found, default=str, indent=1) + "\n")
