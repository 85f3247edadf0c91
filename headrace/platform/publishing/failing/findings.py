"""Lines of a plan about rows that new or changed rules, filters and relations would not suit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headrace.platform.core.problems import Message, Named, Problem, Text, named, pointer, said
from headrace.platform.metadata.catalog import (
    Catalog,
    FieldModel,
    FieldRuleModel,
    ObjectModel,
    OverlapBan,
    RuleModel,
)
from headrace.platform.publishing.failing.finding import Found, RowFinder
from headrace.platform.publishing.failing.meaning import meaning_of
from headrace.platform.publishing.failing.planned import PlannedRows
from headrace.platform.publishing.failing.rowsets import (
    Breaking,
    Needing,
    OutsideFilter,
    Overlapping,
    RowSet,
    WrongNumber,
)
from headrace.platform.records.spans import keys_of

BROKEN = Message(
    "rule.existing_rows",
    "{count} rows of {object} break the rule “{rule}”.",
    "{object} 有 {count} 行不符合规则“{rule}”。",
    "Mend the rows first, or answer accept: they stay as they are and must be mended when they are "
    "next saved.",
    "请先修正这些数据，或答复 accept：数据保持不变，下次保存时必须修正。",
)
NEEDING = Message(
    "field_rule.existing_rows",
    "{count} rows of {object} lack a value that the field rule “{rule}” requires.",
    "{object} 有 {count} 行缺少字段规则“{rule}”要求的值。",
    "Fill the rows first, or answer accept: they stay as they are and must be filled when they are "
    "next saved.",
    "请先补全这些数据，或答复 accept：数据保持不变，下次保存时必须补全。",
)
OVERLAPPING = Message(
    "no_overlap.existing_rows",
    "{count} rows of {object} have ranges that overlap with others, against “{ban}”.",
    "{object} 有 {count} 行的区间与其他行重叠，违反“{ban}”。",
    "Mend the rows first, or answer accept: they stay as they are, and their ranges must be mended "
    "when they are next changed.",
    "请先修正这些数据，或答复 accept：数据保持不变，下次修改区间时必须修正。",
)
OUTSIDE = Message(
    "filter.existing_rows",
    "{count} rows of {object} refer by “{field}” to records that its filter leaves out.",
    "{object} 有 {count} 行的“{field}”引用了筛选条件之外的记录。",
    "They stay as they are; the filter is asked when the reference is changed.",
    "这些数据保持不变；修改引用时才检查筛选条件。",
)
CHILDREN = Message(
    "children.existing_rows",
    "{count} rows of {object} have fewer or more “{relation}” than {least} to {most}.",
    "{object} 有 {count} 行的“{relation}”数量不在 {least} 到 {most} 之间。",
    "Mend the rows first, or answer accept: they stay as they are and must be mended when their "
    "children are next changed.",
    "请先修正这些数据，或答复 accept：数据保持不变，下次修改明细时必须修正。",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A line to be: what changes, which rows do not suit it, and what may be answered.

    `problem` stands in the way until the line is answered; None where nobody has to.
    """

    key: str
    code: str
    text: Text
    rows: RowSet
    found: Found | None
    failing_code: str
    answers: tuple[str, ...] = ("accept",)
    problem: Problem | None = None


def find_all(finder: RowFinder) -> Iterator[Finding]:
    """Yield what is new or changed in rules, lookup filters and child relations, with its rows."""
    rows = finder.rows
    everywhere = bool(rows.work) or _reaches_others(rows)
    for model in rows.catalog.objects.values():
        former = rows.former.get(model.id)
        if former is None:
            continue
        # Its trees may be others where the object itself is not.
        yield from _overlap_findings(finder, former, model)
        if former is model and not everywhere:
            continue
        yield from _rule_findings(finder, former, model)
        yield from _field_rule_findings(finder, former, model)
        yield from _filter_findings(finder, model)
        yield from _child_findings(finder, former, model)


def _reaches_others(rows: PlannedRows) -> bool:
    """Say whether conditions of objects that did not change may hold for other rows now."""
    old, new = rows.live.catalog, rows.catalog
    if old.constants != new.constants:
        return True
    return any(
        _reads_otherwise(rows, model, field)
        for model in new.objects.values()
        if (former := rows.former.get(model.id)) is not None and former is not model
        for field in model.fields.values()
        if field.computed in {"formula", "rollup"}
    )


def _reads_otherwise(rows: PlannedRows, model: ObjectModel, field: FieldModel) -> bool:
    """Say whether a computed field has other values than before, read by itself."""
    earlier = rows.former_field(model, field)
    if earlier is None or earlier.stored or field.stored:
        return rows.changes(model, field)
    # It is computed on read in both versions: then only what it says counts here.
    made = [
        _made_on_read(rows.former[model.id], earlier),
        _made_on_read(model, field),
    ]
    return made[0] != made[1]


def _made_on_read(model: ObjectModel, field: FieldModel) -> tuple[object, ...]:
    """Return what a field that is computed on read says."""
    if field.computed != "rollup":
        return (field.expression.tree if field.expression else None,)
    rollup = model.rollup(field.name)
    where = rollup.where.tree if rollup.where is not None else None
    path = tuple(one.id for one in rollup.via)
    return rollup.source, path, rollup.on, rollup.op, rollup.of, rollup.last_by, rollup.scale, where


# -- rules -----------------------------------------------------------------------------------------


def _rule_findings(finder: RowFinder, former: ObjectModel, model: ObjectModel) -> Iterator[Finding]:
    old, new = finder.rows.live.catalog, finder.rows.catalog
    known = {_rule_key(rule): rule for rule in former.rules}
    for position, rule in enumerate(model.rules):
        earlier = known.get(_rule_key(rule))
        if earlier is None:
            action, words = "add", Text("Add the rule {rule}", "新增规则 {rule}")
        elif _rule_meaning(old, former, earlier) != _rule_meaning(new, model, rule):
            action, words = "change", Text("Change the rule {rule}", "修改规则 {rule}")
        else:
            affected = _affected(finder, former, model, earlier, rule)
            if affected is None:
                continue
            action, words = (
                "affect",
                Text("Rows get values that the rule {rule} refuses", "更新后的值不符合规则 {rule}"),
            )
        row_set = Breaking(model.id, rule.name)
        found = None if depends_on_caller(rule) else finder.find(row_set)
        name = f"{model.name}.{rule.name}"
        yield Finding(
            key=f"rule.{action}:{name}",
            code=f"rule.{action}",
            text=_rule_text(words, named("rule", model.name, rule.name), found),
            rows=row_set,
            found=found,
            failing_code=BROKEN.code,
            problem=None
            if found is None or not found.count or rule.definition.severity == "warning"
            else BROKEN.at(
                place_of(model, "rules", position),
                count=found.count,
                object=model.name,
                rule=rule.name,
            ),
        )


def _rule_key(rule: RuleModel) -> str:
    return rule.definition.id or rule.name


def _rule_meaning(catalog: Catalog, model: ObjectModel, rule: RuleModel) -> tuple[object, ...]:
    meaning = meaning_of(catalog, model.name, rule.unless, rule.when)
    return rule.definition.severity, *meaning


def _affected(
    finder: RowFinder,
    former: ObjectModel,
    model: ObjectModel,
    earlier: RuleModel,
    rule: RuleModel,
) -> Found | None:
    """Return the rows of an unchanged rule that a fill or map makes break it."""
    rows = finder.rows
    read = {
        step
        for one in (rule.unless, rule.when)
        if one is not None
        for path in one.references()
        for step in path
    }
    if depends_on_caller(rule) or not any(field_id in read for _, field_id in rows.work):
        return None
    before = PlannedRows(rows.connection, rows.live_context, rows.live)
    present = RowFinder(before).find(Breaking(former.id, earlier.name))
    found = finder.find(Breaking(model.id, rule.name))
    return found if found.count > present.count else None


def _rule_text(words: Text, name: Named, found: Found | None) -> Text:
    text = said(words.en, words.zh, rule=name)
    if found is None:
        return said(
            "{text}; it depends on who saves, so rows were not counted",
            "{text}；规则取决于保存者，未统计已有数据",
            text=text,
        )
    if not found.complete:
        return said(
            "{text}; only the first rows were looked at", "{text}；仅检查了前一部分数据", text=text
        )
    return text


def depends_on_caller(rule: RuleModel) -> bool:
    """Say whether a rule speaks of who saves: rows alone then cannot break it."""
    return any(one.uses_user for one in (rule.unless, rule.when) if one is not None)


# -- field rules -----------------------------------------------------------------------------------


def _field_rule_findings(
    finder: RowFinder, former: ObjectModel, model: ObjectModel
) -> Iterator[Finding]:
    """Yield the rules that require values of other rows than before."""
    old, new = finder.rows.live.catalog, finder.rows.catalog
    known = {_field_rule_key(rule): rule for rule in former.field_rules}
    for position, rule in enumerate(model.definition.field_rules):
        found_rule = next((one for one in model.field_rules if one.name == rule.name), None)
        if found_rule is None or rule.effect != "require":
            continue
        earlier = known.get(_field_rule_key(found_rule))
        if earlier is not None and _field_rule_meaning(old, former, earlier) == _field_rule_meaning(
            new, model, found_rule
        ):
            continue
        action = "add" if earlier is None else "change"
        row_set = Needing(model.id, rule.name)
        found = None if found_rule.when.uses_user else finder.find(row_set)
        name = f"{model.name}.{rule.name}"
        words = (
            Text("Add the field rule {rule}", "新增字段规则 {rule}")
            if earlier is None
            else Text("Change the field rule {rule}", "修改字段规则 {rule}")
        )
        place = place_of(model, "field_rules", position)
        yield Finding(
            key=f"field_rule.{action}:{name}",
            code=f"field_rule.{action}",
            text=_rule_text(words, named("rule", model.name, rule.name), found),
            rows=row_set,
            found=found,
            failing_code=NEEDING.code,
            problem=NEEDING.at(place, count=found.count, object=model.name, rule=rule.name)
            if found is not None and found.count
            else None,
        )


def _field_rule_key(rule: FieldRuleModel) -> str:
    return rule.definition.id or rule.name


def _field_rule_meaning(
    catalog: Catalog, model: ObjectModel, rule: FieldRuleModel
) -> tuple[object, ...]:
    fields = sorted(model.fields[name].id for name in rule.definition.about)
    meaning = meaning_of(catalog, model.name, rule.when)
    return rule.definition.effect, tuple(fields), *meaning


# -- ranges ----------------------------------------------------------------------------------------


def _overlap_findings(
    finder: RowFinder, former: ObjectModel, model: ObjectModel
) -> Iterator[Finding]:
    """Yield the bans on overlaps that are new, or that compare something else than before."""
    known = {one.definition.name: _ban_meaning(former, one) for one in former.bans}
    for position, ban in enumerate(model.bans):
        one = ban.definition
        if known.get(one.name) == _ban_meaning(model, ban) and not _compares_anew(
            finder, model, ban
        ):
            continue
        row_set = Overlapping(model.id, one.name)
        found = finder.find(row_set)
        name = f"{model.name}.{one.name}"
        shown = named("rule", model.name, one.name)
        action = "change" if one.name in known else "add"
        words = (
            said("Change the ban on overlaps {name}", "修改不重叠约束 {name}", name=shown)
            if one.name in known
            else said("Add the ban on overlaps {name}", "新增不重叠约束 {name}", name=shown)
        )
        place = place_of(model, "no_overlap", position)
        problem = OVERLAPPING.at(place, count=found.count, object=model.name, ban=one.name)
        yield Finding(
            key=f"no_overlap.{action}:{name}",
            code=f"no_overlap.{action}",
            text=words,
            rows=row_set,
            found=found,
            failing_code=OVERLAPPING.code,
            problem=problem if found.count else None,
        )


def _ban_meaning(model: ObjectModel, ban: OverlapBan) -> tuple[object, ...]:
    one = ban.definition
    names = (one.from_, one.to, *(() if ban.condition is None else (ban.condition,)))
    keys = sorted((model.fields[key.field].id, key.match) for key in one.fields)
    return one.ends, tuple(keys), *(model.fields[name].id for name in names)


def _compares_anew(finder: RowFinder, model: ObjectModel, ban: OverlapBan) -> bool:
    """Say whether what a ban compares by, or the trees in which that lies, will be otherwise."""
    if any(finder.rows.changes(model, model.fields[name]) for name in ban.reads):
        return True
    trees = (key.tree for key in keys_of(finder.rows.catalog, model, ban) if key.tree is not None)
    return any(_stands_anew(finder, tree) for tree in trees)


def _stands_anew(finder: RowFinder, tree: ObjectModel) -> bool:
    """Say whether rows of a tree will stand elsewhere."""
    former = finder.rows.former.get(tree.id)
    if former is None:
        return False
    field = tree.fields[str(tree.tree_field)]
    earlier = former.fields.get(former.tree_field or "")
    return earlier is None or earlier.id != field.id or finder.rows.changes(tree, field)


# -- filters of lookups ----------------------------------------------------------------------------


def _filter_findings(finder: RowFinder, model: ObjectModel) -> Iterator[Finding]:
    old, new = finder.rows.live.catalog, finder.rows.catalog
    for field in model.fields.values():
        earlier = finder.rows.former_field(model, field)
        if field.lookup_filter is None or earlier is None or field.pointed is None:
            continue
        if earlier.pointed is not None and _filter_meaning(old, earlier) == _filter_meaning(
            new, field
        ):
            continue
        row_set = OutsideFilter(model.id, field.id)
        name = f"{model.name}.{field.name}"
        shown = named("field", model.name, field.name)
        text = said("Change the filter of {name}", "修改 {name} 的筛选条件", name=shown)
        yield Finding(
            key=f"filter.change:{name}",
            code="filter.change",
            text=text,
            rows=row_set,
            found=finder.find(row_set),
            failing_code=OUTSIDE.code,
        )


def _filter_meaning(catalog: Catalog, field: FieldModel) -> tuple[object, ...]:
    return meaning_of(catalog, str(field.pointed), field.lookup_filter)


# -- numbers of children ---------------------------------------------------------------------------


def _child_findings(
    finder: RowFinder, former: ObjectModel, model: ObjectModel
) -> Iterator[Finding]:
    known = {finder.rows.live.catalog.objects[one.object].id: one for one in former.children}
    for position, relation in enumerate(model.children):
        detail = finder.rows.catalog.objects[relation.object]
        earlier = known.get(detail.id)
        if detail.id not in finder.rows.former:
            narrower = relation.min > 0
        elif earlier is None:
            narrower = True
        else:
            narrower = relation.min > earlier.min or relation.max < earlier.max
        if not narrower:
            continue
        row_set = WrongNumber(model.id, relation.name)
        found = finder.find(row_set)
        name = f"{model.name}.{relation.name}"
        least, most = relation.min, relation.max
        problem = CHILDREN.at(
            place_of(model, "children", position),
            count=found.count,
            object=model.name,
            relation=relation.name,
            least=least,
            most=most,
        )
        yield Finding(
            key=f"children.change:{name}",
            code="children.change",
            text=said(
                "Allow {least} to {most} {name}",
                "{name} 允许 {least} 到 {most} 行",
                name=named("relation", model.name, relation.name),
                least=least,
                most=most,
            ),
            rows=row_set,
            found=found,
            failing_code=CHILDREN.code,
            problem=problem if found.count else None,
        )


def place_of(model: ObjectModel, *steps: str | int) -> str:
    """Return where a part of an object's definition stands."""
    return f"/{model.module}/objects/{model.name}.json" + pointer(*steps)
