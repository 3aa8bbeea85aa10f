"""Comparing a sheet with what is on record, and judging what would be there afterwards (A1, A4-A7).

A right is judged where it is given: a grant that is added or changed, and the grants of a contact whose employer
or terms change. One that stays as it was is not given again; whether it has lost its ground is for
core.enrolment.findings, and for every act that it would be used for (core.directory.standing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from core.enrolment.entries import Section
from core.enrolment.forms import FORMS
from core.enrolment.plan import PLANNED, Change, Plan
from core.enrolment.record import OnRecord
from core.enrolment.refusals import DirectoryRefused, RefusedLine
from core.enrolment.relations import Relations, chain
from core.enrolment.sheet import Key, Record, Sheet, refused
from core.rules import contact_addresses, grants
from core.rules.policy import Denied
from core.rules.terms import Access
from core.unit_of_work import UnitOfWork

Values = Mapping[str, Any]
_DECIDES_GRANTS = ("employer", "terms_accepted")
_FIELD_OF = {
    "terms-not-accepted": "terms_accepted",
    "no-approver": "approver",
    "reader-without-approval": "approved_by",
}
"""The field that a refusal is about, where it is not the access."""
_REMEDIES = {
    "end-user-of-a-partner": "give access: Read-Only with approved_by and approved_on, or access: Basic",
    "no-support-owner": "give approved_by and approved_on, or access: Basic",
    "reader-without-approval": "give approved_by and approved_on, or access: Basic",
    "terms-not-accepted": "give the contact terms_accepted, or access: Basic",
    "no-approver": "give approver, or access: Basic",
    "no-contract": "give its contract too, or access: Basic",
}
"""What to do about a refusal of access."""
_NO_CONTRACT = Denied(
    "no-contract", "A1", "There is no contract of this Sold To and End User, so there is nothing to hold."
)


@dataclass
class _Merge:
    """A record, with what was there before and what is there afterwards."""

    record: Record
    before: Values | None
    after: Values

    @property
    def changes(self) -> bool:
        return self.after != self.before


@dataclass
class _Outlook:
    """What there will be: everything that judging asks for."""

    uow: UnitOfWork
    sheet: Sheet
    there: OnRecord
    merged: Mapping[Section, Mapping[Key, _Merge]]
    relations: Relations
    part_of: Mapping[str, str | None]
    has_refused_contract: bool

    def knows_account(self, name: str) -> bool:
        return name in self.there.accounts or name in self.sheet.named[Section.ACCOUNT]

    @cached_property
    def spoilt_pairs(self) -> frozenset[tuple[str, str]]:
        """The combinations with a contract that is refused or names a company that is not known."""
        merged = [merge.after for merge in self.merged[Section.CONTRACT].values()]
        spoilt = [
            values
            for values in merged
            if not all(self.knows_account(values[name]) for name, _rule in _ACCOUNTS_IN[Section.CONTRACT])
        ]
        spoilt += [one.values for one in self.sheet.incomplete if one.section is Section.CONTRACT]
        pairs = ((one.get("sold_to"), one.get("end_user") or one.get("sold_to")) for one in spoilt)
        return frozenset((sold_to, end_user) for sold_to, end_user in pairs if sold_to and end_user)

    @cached_property
    def spoilt_divisions(self) -> frozenset[str]:
        """The companies that are a part of one that is not known."""
        return frozenset(
            name for name, whole in self.part_of.items() if whole and not self.knows_account(whole)
        )

    def may_judge(self, contact: Values, pair: tuple[str, str]) -> bool:
        """Say whether all is known that a grant is judged by; what is not is refused where it stands."""
        companies = {pair[1], *chain(self.part_of, pair[1])}
        is_known = self.knows_account(contact["employer"])
        return is_known and pair not in self.spoilt_pairs and not companies & self.spoilt_divisions

    def contact(self, email: str) -> Values | None:
        """Return the contact as it will be, or None where it is not there or refused."""
        merge = self.merged[Section.CONTACT].get((email,))
        if merge is not None:
            return merge.after
        is_refused = email in self.sheet.named[Section.CONTACT]
        return None if is_refused else self.there.rows[Section.CONTACT].get((email,))


def plan(uow: UnitOfWork, sheet: Sheet, there: OnRecord) -> Plan:
    """Return what the sheet would change. Raises DirectoryRefused naming every line that is refused."""
    merged = {section: dict(_merged(sheet, there, section)) for section in PLANNED}
    outlook = _outlook(uow, sheet, there, merged)
    lines = [*sheet.refused, *_incomplete(outlook), *_unknown_analysts(outlook)]
    for section, judge in _JUDGES.items():
        for merge in merged[section].values():
            lines += judge(outlook, merge)
    if lines:
        raise DirectoryRefused(lines)
    changes = tuple(
        Change(section, merge.record.line, key, merge.before, merge.after)
        for section in PLANNED
        for key, merge in merged[section].items()
        if merge.changes
    )
    changed = {section: sum(merge.changes for merge in merged[section].values()) for section in PLANNED}
    return Plan(changes, {section: len(merged[section]) - changed[section] for section in PLANNED})


def _merged(sheet: Sheet, there: OnRecord, section: Section) -> Iterator[tuple[Key, _Merge]]:
    defaults = FORMS[section].defaults
    records = sheet.records[section]
    if section is Section.ANALYST:
        records = records | _known_only_by_shifts(sheet, there)
    for key, record in records.items():
        before = there.rows[section].get(key)
        after = {**(defaults if before is None else before), **record.values}
        if section is Section.CONTRACT:  # A2
            for name in ("end_user", "support_owner"):
                after[name] = after[name] or after["sold_to"]
        if section is Section.GRANT and not record.values.get("approver"):
            after["approver"] = sheet.approvers.get(key[0]) or after["approver"]
        if section is Section.ANALYST:
            own = sheet.shifts.get(key[0])
            kept = () if before is None else before["shifts"]
            after["shifts"] = kept if own is None else tuple(_without_email(shift) for shift in own)
        yield key, _Merge(record, before, after)


def _known_only_by_shifts(sheet: Sheet, there: OnRecord) -> dict[Key, Record]:
    """Return a record for each analyst on record of whom the file has shifts only."""
    return {
        (email,): replace(shifts[0], section=Section.ANALYST, values={})
        for email, shifts in sheet.shifts.items()
        if (email,) not in sheet.records[Section.ANALYST] and (email,) in there.rows[Section.ANALYST]
    }


def _without_email(shift: Record) -> Values:
    return {name: value for name, value in shift.values.items() if name != "email"}


def _outlook(
    uow: UnitOfWork, sheet: Sheet, there: OnRecord, merged: Mapping[Section, Mapping[Key, _Merge]]
) -> _Outlook:
    account_rows = {**there.rows[Section.ACCOUNT], **_afterwards(merged[Section.ACCOUNT])}
    contract_rows = {**there.rows[Section.CONTRACT], **_afterwards(merged[Section.CONTRACT])}
    part_of = {values["name"]: values["part_of"] for values in account_rows.values()}
    relations = Relations(part_of, contract_rows.values(), uow.now)
    has_refused_contract = any(line.section is Section.CONTRACT for line in sheet.refused)
    return _Outlook(uow, sheet, there, merged, relations, part_of, has_refused_contract)


def _afterwards(merges: Mapping[Key, _Merge]) -> dict[Key, Values]:
    return {key: merge.after for key, merge in merges.items()}


_ACCOUNTS_IN: Mapping[Section, tuple[tuple[str, str], ...]] = {
    Section.ACCOUNT: (("part_of", "A1"),),
    Section.CONTRACT: (("sold_to", "A1"), ("end_user", "A1"), ("support_owner", "A1")),
    Section.CONTACT: (("employer", "A7"),),
    Section.GRANT: (("sold_to", "A3"), ("end_user", "A3"), ("approved_by", "A4")),
}
"""The fields that name an account, and the rule that asks for them."""

# --- judging ------------------------------------------------------------------------------------------------


def _account(outlook: _Outlook, merge: _Merge) -> Iterator[RefusedLine]:
    yield from _unknown_accounts(outlook, merge.record, merge.after)
    if merge.after["name"] in chain(outlook.part_of, merge.after["name"]):
        words = "a company cannot be a part of itself, by whatever detour"
        yield refused(merge.record, "part_of", merge.after["part_of"], "A4", words)


def _contract(outlook: _Outlook, merge: _Merge) -> Iterator[RefusedLine]:
    yield from _unknown_accounts(outlook, merge.record, merge.after)
    yield from _blank(merge)
    if merge.after["ends"] <= merge.after["starts"]:
        starts = merge.after["starts"].isoformat()
        yield refused(
            merge.record, "ends", merge.after["ends"].isoformat(), "A1", f"must be after its start, {starts}"
        )


def _blank(merge: _Merge) -> Iterator[RefusedLine]:
    """Refuse a blank that would change what is on record: nobody said so (A9)."""
    for name in merge.record.blank:
        if merge.before is not None and merge.before[name] != merge.after[name]:
            words = f"A blank does not change it; on record is {str(merge.before[name])!r}."
            remedy = f"write {merge.after[name]}, or {merge.before[name]} to keep it"
            yield refused(merge.record, name, None, "A1", words, remedy)


def _contact(outlook: _Outlook, merge: _Merge) -> Iterator[RefusedLine]:
    yield from _unknown_accounts(outlook, merge.record, merge.after)
    yield from _past(outlook, merge, "A5", "terms_accepted")
    yield from _main_address(outlook, merge.record)
    before = merge.before or merge.after
    if any(before[name] != merge.after[name] for name in _DECIDES_GRANTS):
        yield from _grants_that_stay(outlook, merge)


def _grants_that_stay(outlook: _Outlook, merge: _Merge) -> Iterator[RefusedLine]:
    """Judge the grants on record of a contact who works elsewhere now, or has other terms."""
    held = outlook.there.rows[Section.GRANT]
    for key in outlook.there.held.get(merge.after["email"], ()):
        if key not in outlook.merged[Section.GRANT]:
            denied = _denied(outlook, merge.after, held[key])
            if denied:
                field = _FIELD_OF.get(denied.reason, "employer")
                field = field if field in merge.after else "employer"
                words = f"{denied.words} It holds {held[key]['access']} for {held[key]['end_user']}."
                remedy = f"in an entry of that grant, {_REMEDIES[denied.reason]}"
                yield refused(merge.record, field, merge.after[field], denied.rule, words, remedy)


def _grant(outlook: _Outlook, merge: _Merge) -> Iterator[RefusedLine]:
    after = merge.after
    lines = [
        *_unknown_accounts(outlook, merge.record, after),
        *_past(outlook, merge, "A4", "approved_on"),
        *_dated(merge),
    ]
    email = after["email"]
    contact = outlook.contact(email)
    is_named = email in outlook.sheet.named[Section.CONTACT]
    if contact is None and not is_named:
        lines.append(
            refused(merge.record, "email", email, "A3", "must be a contact, on record or of the file")
        )
    if not lines and contact is not None and (merge.changes or _is_judged_anew(outlook, email)):
        denied = _denied(outlook, contact, after)
        if denied:
            field = _FIELD_OF.get(denied.reason, "access")
            value = after[field] if field in after else contact[field]
            remedy = _REMEDIES[denied.reason]
            lines.append(refused(merge.record, field, value, denied.rule, denied.words, remedy))
    yield from lines


def _is_judged_anew(outlook: _Outlook, email: str) -> bool:
    merge = outlook.merged[Section.CONTACT].get((email,))
    if merge is None or merge.before is None:
        return False
    return any(merge.before[name] != merge.after[name] for name in _DECIDES_GRANTS)


def _denied(outlook: _Outlook, contact: Values, grant: Values) -> Denied | None:
    pair = (grant["sold_to"], grant["end_user"])
    if grant["access"] is Access.BASIC:  # it is nothing to lose, and how access is withdrawn
        return None
    if not outlook.may_judge(contact, pair):
        return None
    if not outlook.relations.has_contract(pair):
        # A contract that is refused, or names another company than was meant, is not said to be missing as well.
        return None if outlook.has_refused_contract or outlook.spoilt_pairs else _NO_CONTRACT
    answer = grants.decide(candidate(contact, grant), outlook.relations.of(pair))
    return answer if isinstance(answer, Denied) else None


def candidate(contact: Values, grant: Values) -> grants.Candidate:
    """Return who would hold a grant, as the rules see them."""
    return grants.Candidate(
        employer=contact["employer"],
        access=grant["access"],
        approved_by=grant["approved_by"],
        approver=grant["approver"],
        terms_accepted_at=contact["terms_accepted"],
    )


def _dated(merge: _Merge) -> Iterator[RefusedLine]:
    if bool(merge.after["approved_by"]) != bool(merge.after["approved_on"]):
        blank = "approved_on" if merge.after["approved_by"] else "approved_by"
        words = "an approval on record has both: approved_by says whose it is, approved_on since when"
        yield refused(merge.record, blank, None, "A4", words)


def _unknown_accounts(outlook: _Outlook, record: Record, values: Values) -> Iterator[RefusedLine]:
    for name, rule in _ACCOUNTS_IN.get(record.section, ()):
        value = values.get(name)
        if value is not None and not outlook.knows_account(value):
            yield refused(record, name, value, rule, "must be an account, on record or of the file")


def _main_address(outlook: _Outlook, record: Record) -> Iterator[RefusedLine]:
    """Judge the address of a new contact (A6); one on record keeps what it is known by, and `check` tells of it."""
    email = record.key[0]
    if (email,) not in outlook.there.rows[Section.CONTACT]:
        answer = contact_addresses.decide(email, outlook.uow.house.address_rules)
        if isinstance(answer, Denied):
            yield refused(record, "email", email, answer.rule, answer.words)


def _incomplete(outlook: _Outlook) -> Iterator[RefusedLine]:
    """Judge what can be judged of lines that are refused already, so that all that is wrong is named at once."""
    for record in outlook.sheet.incomplete:
        yield from _unknown_accounts(outlook, record, record.values)
        if record.section is Section.CONTACT:
            yield from _main_address(outlook, record)


def _past(outlook: _Outlook, merge: _Merge, rule: str, name: str) -> Iterator[RefusedLine]:
    value = merge.after[name]
    if value is not None and value > outlook.uow.now:
        yield refused(merge.record, name, value.isoformat(), rule, "must not be in the future")


def _unknown_analysts(outlook: _Outlook) -> Iterator[RefusedLine]:
    known = outlook.merged[Section.ANALYST]
    for email, shifts in outlook.sheet.shifts.items():
        if (email,) not in known and email not in outlook.sheet.named[Section.ANALYST]:
            yield refused(shifts[0], "email", email, "P4", "must be an analyst, on record or of the file")


_JUDGES = {
    Section.ACCOUNT: _account,
    Section.CONTRACT: _contract,
    Section.CONTACT: _contact,
    Section.GRANT: _grant,
}
