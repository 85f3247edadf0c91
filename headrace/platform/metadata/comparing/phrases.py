"""What is said about each key, in both languages.

`{subject}` is what has the key, `{before}` and `{after}` its values, `{value}` an item of a list. A key
without a phrase of its own is spoken of with its noun; a test looks for one for every key of the schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from headrace.platform.core.problems import Text


class Switch(NamedTuple):
    """What is said when a yes-or-no key is turned on or off."""

    on: Text
    off: Text


class Value(NamedTuple):
    """What is said when a value comes, changes or goes."""

    set: Text
    changed: Text
    unset: Text


class Items(NamedTuple):
    """What is said when an item of a list comes or goes."""

    added: Text
    removed: Text


SWITCHES: Final[Mapping[str, Switch]] = {
    "FieldDef.required": Switch(
        Text("{subject} is now required", "{subject}改为必填"),
        Text("{subject} is no longer required", "{subject}不再必填"),
    ),
    "FieldDef.unique": Switch(
        Text("{subject} must now be unique", "{subject}改为不可重复"),
        Text("{subject} need not be unique any more", "{subject}可以重复"),
    ),
    "FieldDef.external_id": Switch(
        Text("{subject} is now an external id", "{subject}改为外部标识"),
        Text("{subject} is no longer an external id", "{subject}不再是外部标识"),
    ),
    "OutcomeDef.undo": Switch(
        Text("{subject} now takes changes back", "{subject}改为撤销修改"),
        Text("{subject} no longer takes changes back", "{subject}不再撤销修改"),
    ),
    "history": Switch(
        Text("{subject} now keeps the history of its changes", "{subject}开始保留修改历史"),
        Text("{subject} no longer keeps the history of its changes", "{subject}不再保留修改历史"),
    ),
    "StateDef.initial": Switch(
        Text("{subject} is now the state of new records", "{subject}改为新记录的初始状态"),
        Text("{subject} is no longer the state of new records", "{subject}不再是新记录的初始状态"),
    ),
    "StateDef.final": Switch(
        Text("{subject} is now final", "{subject}改为终态"),
        Text("{subject} is no longer final", "{subject}不再是终态"),
    ),
    "ChoiceDef.active": Switch(
        Text("{subject} may be chosen again", "{subject}重新启用"),
        Text("{subject} may no longer be chosen", "{subject}停用"),
    ),
    "RoleDef.design": Switch(
        Text("{subject} may now read definitions and publish", "{subject}获得设计与发布权限"),
        Text(
            "{subject} may no longer read definitions and publish", "{subject}不再有设计与发布权限"
        ),
    ),
    "RoleDef.migrate": Switch(
        Text("{subject} may now load records in migration mode", "{subject}可以迁移方式导入数据"),
        Text(
            "{subject} may no longer load records in migration mode",
            "{subject}不再能以迁移方式导入数据",
        ),
    ),
    "InputDef.required": Switch(
        Text("{subject} is now required", "{subject}改为必填"),
        Text("{subject} is no longer required", "{subject}不再必填"),
    ),
    "several": Switch(
        Text("{subject} is now offered for several records", "{subject}可用于多条记录"),
        Text("{subject} is no longer offered for several records", "{subject}不再用于多条记录"),
    ),
    "ChartDef.stack": Switch(
        Text("{subject} now stacks its columns", "{subject}改为堆叠显示"),
        Text("{subject} no longer stacks its columns", "{subject}不再堆叠显示"),
    ),
}

CONDITION: Final = Value(
    Text("{subject} now applies only when {after}", "{subject}仅在满足 {after} 时适用"),
    Text(
        "{subject} now applies only when {after} (was: {before})",
        "{subject}的适用条件由 {before} 改为 {after}",
    ),
    Text(
        "{subject} now always applies (was: only when {before})",
        "{subject}改为始终适用（原条件：{before}）",
    ),
)
FILTER: Final = Value(
    Text("{subject} now shows only records where {after}", "{subject}仅显示满足 {after} 的记录"),
    Text(
        "{subject} now shows only records where {after} (was: {before})",
        "{subject}的筛选条件由 {before} 改为 {after}",
    ),
    Text(
        "{subject} now shows all records (was: only where {before})",
        "{subject}改为显示全部记录（原条件：{before}）",
    ),
)
LEADS: Final = Value(
    Text("{subject} now leads to {after}", "{subject}现在到达{after}"),
    Text("{subject} now leads to {after} (was {before})", "{subject}由到达{before}改为到达{after}"),
    Text("{subject} no longer leads to {before}", "{subject}不再到达{before}"),
)

VALUES: Final[Mapping[str, Value]] = {
    "FieldDef.default": Value(
        Text("{subject} now starts with {after}", "{subject}的默认值设为 {after}"),
        Text(
            "{subject} now starts with {after} (was {before})",
            "{subject}的默认值由 {before} 改为 {after}",
        ),
        Text(
            "{subject} no longer has a default (was {before})",
            "{subject}取消默认值（原为 {before}）",
        ),
    ),
    "FieldDef.type": Value(
        Text("{subject} is now of the type {after}", "{subject}的类型设为{after}"),
        Text(
            "{subject} is now of the type {after} (was {before})",
            "{subject}的类型由{before}改为{after}",
        ),
        Text("{subject} has no type any more", "{subject}不再有类型"),
    ),
    "FieldDef.audience": Value(
        Text("{subject} is now for {after}", "{subject}现在面向{after}"),
        Text(
            "{subject} is now for {after} (was for {before})",
            "{subject}的受众由{before}改为{after}",
        ),
        Text("{subject} is now for everybody", "{subject}现在面向所有人"),
    ),
    "FieldDef.written_by": Value(
        Text("{subject} is now written by {after}", "{subject}改为由{after}写入"),
        Text(
            "{subject} is now written by {after} (was by {before})",
            "{subject}由{before}写入改为由{after}写入",
        ),
        Text("{subject} is now written by people", "{subject}改为由用户写入"),
    ),
    "formula": Value(
        Text("{subject} is now computed as {after}", "{subject}的公式设为 {after}"),
        Text(
            "{subject} is now computed as {after} (was {before})",
            "{subject}的公式由 {before} 改为 {after}",
        ),
        Text(
            "{subject} is no longer computed (was {before})", "{subject}不再计算（原公式 {before}）"
        ),
    ),
    "RuleDef.severity": Value(
        Text("{subject} now leads to {after}", "{subject}改为{after}"),
        Text("{subject} now leads to {after} (was {before})", "{subject}由{before}改为{after}"),
        Text("{subject} refuses again", "{subject}恢复为拒绝保存"),
    ),
    "FieldRuleDef.effect": Value(
        Text("{subject}: {after}", "{subject}：{after}"),
        Text("{subject}: {after} (was: {before})", "{subject}：由{before}改为{after}"),
        Text("{subject} no longer has an effect", "{subject}不再有作用"),
    ),
    "RuleDef.unless": Value(
        Text("{subject} now demands {after}", "{subject}要求 {after}"),
        Text(
            "{subject} now demands {after} (was {before})",
            "{subject}的要求由 {before} 改为 {after}",
        ),
        Text("{subject} no longer demands {before}", "{subject}不再要求 {before}"),
    ),
    "StepDef.when": Value(
        Text("{subject} is now asked only when {after}", "{subject}仅在满足 {after} 时进行"),
        Text(
            "{subject} is now asked when {after} (was: when {before})",
            "{subject}的条件由 {before} 改为 {after}",
        ),
        Text(
            "{subject} is now always asked (was: only when {before})",
            "{subject}改为始终进行（原条件：{before}）",
        ),
    ),
    "StepDef.mode": Value(
        Text("{subject}: {after}", "{subject}：{after}"),
        Text("{subject}: {after} (was: {before})", "{subject}：由{before}改为{after}"),
        Text("{subject} no longer says that {before}", "{subject}不再规定{before}"),
    ),
    "TransitionDef.when": Value(
        Text("{subject} may now be taken only when {after}", "{subject}仅在满足 {after} 时可执行"),
        Text(
            "{subject} may now be taken when {after} (was: when {before})",
            "{subject}的执行条件由 {before} 改为 {after}",
        ),
        Text(
            "{subject} may now always be taken (was: only when {before})",
            "{subject}改为随时可执行（原条件：{before}）",
        ),
    ),
    "when": CONDITION,
    "where": FILTER,
    "to": LEADS,
    "LookupOptions.to": Value(
        Text("{subject} now refers to {after}", "{subject}引用{after}"),
        Text(
            "{subject} now refers to {after} (was {before})",
            "{subject}由引用{before}改为引用{after}",
        ),
        Text("{subject} no longer refers to {before}", "{subject}不再引用{before}"),
    ),
    "MultiLookupOptions.to": Value(
        Text("{subject} now refers to {after}", "{subject}引用{after}"),
        Text(
            "{subject} now refers to {after} (was {before})",
            "{subject}由引用{before}改为引用{after}",
        ),
        Text("{subject} no longer refers to {before}", "{subject}不再引用{before}"),
    ),
    "MasterDetailOptions.to": Value(
        Text("{subject} now belongs to {after}", "{subject}属于{after}"),
        Text(
            "{subject} now belongs to {after} (was {before})",
            "{subject}由属于{before}改为属于{after}",
        ),
        Text("{subject} no longer belongs to {before}", "{subject}不再属于{before}"),
    ),
    "GrantDef.scope": Value(
        Text("{subject} now reaches {after}", "{subject}的范围设为{after}"),
        Text(
            "{subject} now reaches {after} (was {before})", "{subject}的范围由{before}改为{after}"
        ),
        Text(
            "{subject} now reaches all records (was {before})",
            "{subject}的范围由{before}改为全部记录",
        ),
    ),
    "GrantDef.when": Value(
        Text(
            "{subject} now holds only for records where {after}",
            "{subject}仅适用于满足 {after} 的记录",
        ),
        Text(
            "{subject} now holds for records where {after} (was: {before})",
            "{subject}的适用条件由 {before} 改为 {after}",
        ),
        Text(
            "{subject} now holds whatever the record says (was: only where {before})",
            "{subject}改为不限条件（原条件：{before}）",
        ),
    ),
    "FieldRightsDef.read": Value(
        Text("{subject} may now read only {after}", "{subject}仅可读取{after}"),
        Text(
            "{subject} may now read {after} (was {before})",
            "{subject}的可读字段由{before}改为{after}",
        ),
        Text(
            "{subject} may now read all fields (was only {before})",
            "{subject}可读取全部字段（原为{before}）",
        ),
    ),
    "FieldRightsDef.edit": Value(
        Text("{subject} may now change only {after}", "{subject}仅可修改{after}"),
        Text(
            "{subject} may now change {after} (was {before})",
            "{subject}的可改字段由{before}改为{after}",
        ),
        Text(
            "{subject} may now change all fields (was only {before})",
            "{subject}可修改全部字段（原为{before}）",
        ),
    ),
    "ApprovalDef.priority": Value(
        Text("{subject} now has the priority {after}", "{subject}的优先级设为 {after}"),
        Text(
            "{subject} now has the priority {after} (was {before})",
            "{subject}的优先级由 {before} 改为 {after}",
        ),
        Text("{subject} no longer has a priority of its own", "{subject}不再有单独的优先级"),
    ),
    "ModuleDef.menu_order": Value(
        Text("{subject} now has the place {after} in the menu", "{subject}的菜单位置设为 {after}"),
        Text(
            "{subject} now has the place {after} in the menu (was {before})",
            "{subject}的菜单位置由 {before} 改为 {after}",
        ),
        Text(
            "{subject} no longer has a place of its own in the menu",
            "{subject}不再指定菜单位置",
        ),
    ),
    "ModuleDef.version": Value(
        Text("{subject} is now version {after}", "{subject}的版本为 {after}"),
        Text(
            "{subject} is now version {after} (was {before})",
            "{subject}由版本 {before} 变为 {after}",
        ),
        Text("{subject} has no version any more", "{subject}不再有版本"),
    ),
    "ConstantDef.value": Value(
        Text("{subject} is now {after}", "{subject}设为 {after}"),
        Text("{subject} is now {after} (was {before})", "{subject}由 {before} 改为 {after}"),
        Text("{subject} has no value any more", "{subject}不再有值"),
    ),
}

FROM: Final = Items(
    Text("{subject} can now be taken from {value}", "{subject}可从{value}执行"),
    Text("{subject} can no longer be taken from {value}", "{subject}不再可从{value}执行"),
)
BY: Final = Items(
    Text("{subject} may now be taken by {value}", "{subject}可由{value}执行"),
    Text("{subject} may no longer be taken by {value}", "{subject}不再可由{value}执行"),
)
COPIES: Final = Items(
    Text("{subject} now sends a copy: {value}", "{subject}增加抄送：{value}"),
    Text("{subject} no longer sends a copy: {value}", "{subject}取消抄送：{value}"),
)
EDITABLE: Final = Items(
    Text("{subject} now lets the approver change {value}", "{subject}允许审批人修改{value}"),
    Text(
        "{subject} no longer lets the approver change {value}", "{subject}不再允许审批人修改{value}"
    ),
)
NEEDED: Final = Items(
    Text("{subject} is now approved with a value of {value} only", "{subject}同意时须填写{value}"),
    Text(
        "{subject} is now approved without a value of {value} too",
        "{subject}同意时不再须填写{value}",
    ),
)
ITEMS: Final[Mapping[str, Items]] = {
    "GrantDef.actions": Items(
        Text("{subject} may now {value}", "{subject}可以{value}"),
        Text("{subject} may no longer {value}", "{subject}不再可以{value}"),
    ),
    "GrantDef.transitions": Items(
        Text("{subject} may now take {value}", "{subject}可以执行{value}"),
        Text("{subject} may no longer take {value}", "{subject}不再可以执行{value}"),
    ),
    "FieldRightsDef.read": Items(
        Text("{subject} may now read {value}", "{subject}可以读取{value}"),
        Text("{subject} may no longer read {value}", "{subject}不再可以读取{value}"),
    ),
    "FieldRightsDef.edit": Items(
        Text("{subject} may now change {value}", "{subject}可以修改{value}"),
        Text("{subject} may no longer change {value}", "{subject}不再可以修改{value}"),
    ),
    "TransitionDef.from_": FROM,
    "ExtendsWorkflowDef.from_": FROM,
    "TransitionDef.by": BY,
    "ExtendsWorkflowDef.by": BY,
    "TransitionDef.needs": Items(
        Text("{subject} now needs a {value}", "{subject}必须填写{value}"),
        Text("{subject} no longer needs a {value}", "{subject}不再必须填写{value}"),
    ),
    "StepDef.editable": EDITABLE,
    "StepDef.required": NEEDED,
    "ExtendsApprovalDef.editable": EDITABLE,
    "ApprovalDef.key_fields": Items(
        Text("{subject} now starts again when {value} changes", "{subject}在{value}变化后从头审批"),
        Text(
            "{subject} no longer starts again when {value} changes",
            "{subject}在{value}变化后不再从头审批",
        ),
    ),
    "StepDef.depends_on": Items(
        Text(
            "{subject} is now decided again when {value} changes",
            "{subject}在{value}变化后重新审批",
        ),
        Text(
            "{subject} is no longer decided again when {value} changes",
            "{subject}在{value}变化后不再重新审批",
        ),
    ),
    "StepDef.approvers": Items(
        Text("{subject} now asks {value}", "{subject}增加审批人：{value}"),
        Text("{subject} no longer asks {value}", "{subject}取消审批人：{value}"),
    ),
    "StepDef.copies": COPIES,
    "ApprovalDef.copies": COPIES,
    "CopyDef.to": Items(
        Text("{subject} now goes to {value}", "{subject}增加抄送人：{value}"),
        Text("{subject} no longer goes to {value}", "{subject}取消抄送人：{value}"),
    ),
    "FieldDef.required_in": Items(
        Text("{subject} is now required in {value}", "{subject}在{value}状态下改为必填"),
        Text("{subject} is no longer required in {value}", "{subject}在{value}状态下不再必填"),
    ),
    "FieldRuleDef.about": Items(
        Text("{subject} now speaks of {value}", "{subject}增加字段{value}"),
        Text("{subject} no longer speaks of {value}", "{subject}移除字段{value}"),
    ),
    "FieldRuleDef.allowed": Items(
        Text("{subject} now allows {value}", "{subject}增加可选值{value}"),
        Text("{subject} no longer allows {value}", "{subject}移除可选值{value}"),
    ),
    "columns": Items(
        Text("{subject} now shows the column {value}", "{subject}增加列{value}"),
        Text("{subject} no longer shows the column {value}", "{subject}取消列{value}"),
    ),
    "items": Items(
        Text("{subject} now shows {value}", "{subject}增加{value}"),
        Text("{subject} no longer shows {value}", "{subject}移除{value}"),
    ),
    "search": Items(
        Text(
            "The quick search in {subject} now looks in {value}", "{subject}的快速搜索增加{value}"
        ),
        Text(
            "The quick search in {subject} no longer looks in {value}",
            "{subject}的快速搜索移除{value}",
        ),
    ),
    "sort": Items(
        Text("{subject} is now sorted by {value}", "{subject}增加排序{value}"),
        Text("{subject} is no longer sorted by {value}", "{subject}取消排序{value}"),
    ),
    "TriggerDef.roles": Items(
        Text("{subject} may now be pressed by {value}", "{subject}可由{value}使用"),
        Text("{subject} may no longer be pressed by {value}", "{subject}不再可由{value}使用"),
    ),
    "TriggerDef.states": Items(
        Text("{subject} is now there in {value}", "{subject}在{value}状态下可用"),
        Text("{subject} is no longer there in {value}", "{subject}在{value}状态下不再可用"),
    ),
    "RecordTypeDef.roles": Items(
        Text("{subject} may now be chosen by {value}", "{subject}可由{value}选择"),
        Text("{subject} may no longer be chosen by {value}", "{subject}不再可由{value}选择"),
    ),
    "FormForDef.record_types": Items(
        Text("{subject} is now made for {value}", "{subject}面向{value}"),
        Text("{subject} is no longer made for {value}", "{subject}不再面向{value}"),
    ),
    "FormForDef.roles": Items(
        Text("{subject} is now made for {value}", "{subject}面向{value}"),
        Text("{subject} is no longer made for {value}", "{subject}不再面向{value}"),
    ),
    "ReportDef.roles": Items(
        Text("{subject} may now be opened by {value}", "{subject}可由{value}打开"),
        Text("{subject} may no longer be opened by {value}", "{subject}不再可由{value}打开"),
    ),
    "DashboardDef.roles": Items(
        Text("{subject} may now be opened by {value}", "{subject}可由{value}打开"),
        Text("{subject} may no longer be opened by {value}", "{subject}不再可由{value}打开"),
    ),
    "requires": Items(
        Text("{subject} now needs the module {value}", "{subject}依赖模块{value}"),
        Text("{subject} no longer needs the module {value}", "{subject}不再依赖模块{value}"),
    ),
    "optional": Items(
        Text(
            "{subject} now adds to the module {value} where it is there",
            "{subject}可选扩展模块{value}",
        ),
        Text("{subject} no longer adds to the module {value}", "{subject}不再扩展模块{value}"),
    ),
    "views": Items(
        Text("{subject} now has the tab {value}", "{subject}增加列表{value}"),
        Text("{subject} no longer has the tab {value}", "{subject}移除列表{value}"),
    ),
    "group_rows": Items(
        Text("{subject} is now grouped by {value}", "{subject}增加行分组{value}"),
        Text("{subject} is no longer grouped by {value}", "{subject}取消行分组{value}"),
    ),
    "group_columns": Items(
        Text("{subject} is now grouped across by {value}", "{subject}增加列分组{value}"),
        Text("{subject} is no longer grouped across by {value}", "{subject}取消列分组{value}"),
    ),
    "measures": Items(
        Text("{subject} now shows the {value}", "{subject}增加度量{value}"),
        Text("{subject} no longer shows the {value}", "{subject}取消度量{value}"),
    ),
    "UniqueDef.fields": Items(
        Text("{subject} now includes {value}", "{subject}包含{value}"),
        Text("{subject} no longer includes {value}", "{subject}不再包含{value}"),
    ),
    "NoOverlapDef.fields": Items(
        Text("{subject} now compares by {value}", "{subject}按{value}比较"),
        Text("{subject} no longer compares by {value}", "{subject}不再按{value}比较"),
    ),
    "ConvertDef.each": Items(
        Text("{subject} now sets {value} in each row", "{subject}在每行设置{value}"),
        Text("{subject} no longer sets {value} in each row", "{subject}不再在每行设置{value}"),
    ),
    "set": Items(
        Text("{subject} now sets {value}", "{subject}设置{value}"),
        Text("{subject} no longer sets {value}", "{subject}不再设置{value}"),
    ),
    "grants": Items(
        Text("{value}", "{value}"),
        Text("{value}", "{value}"),
    ),
}

SETS_TO: Final = Text(
    "{subject} now sets {value} to {after} (was {before})",
    "{subject}将{value}由 {before} 改设为 {after}",
)

NOUN: Final = Value(
    Text("{subject}: the {noun} is now {after}", "{subject}：{noun}设为{after}"),
    Text(
        "{subject}: the {noun} is now {after} (was {before})",
        "{subject}：{noun}由{before}改为{after}",
    ),
    Text(
        "{subject}: the {noun} was removed (was {before})", "{subject}：取消{noun}（原为{before}）"
    ),
)
TEXT: Final = Value(
    Text(
        "{subject}: the {noun} in {language} is now {after}",
        "{subject}：{language}{noun}设为{after}",
    ),
    Text(
        "{subject}: the {noun} in {language} is now {after} (was {before})",
        "{subject}：{language}{noun}由{before}改为{after}",
    ),
    Text(
        "{subject}: the {noun} in {language} was removed (was {before})",
        "{subject}：取消{language}{noun}（原为{before}）",
    ),
)
PART: Final = Items(
    Text("{subject} has a new {part}", "{subject}新增{part}"),
    Text("{subject} no longer has the {part}", "{subject}删除{part}"),
)
ITEM: Final = Items(
    Text("{subject}: {noun} {value} was added", "{subject}：增加{noun}{value}"),
    Text("{subject}: {noun} {value} was removed", "{subject}：移除{noun}{value}"),
)
DOCUMENT: Final = Items(
    Text("New {definition}", "新增{definition}"),
    Text("{definition} was removed", "删除{definition}"),
)
RENAMED: Final = Text(
    "{subject} has the API name {after} (was {before})", "{subject}的 API 名称由{before}改为{after}"
)
MOVED: Final = Text("{subject} now stands {place}", "{subject}移到{place}")
BEHIND: Final = Text("behind {other}", "{other}之后")
FIRST: Final = Text("first", "最前")
LAST: Final = Text("last", "最后")
REORDERED: Final = Text(
    "{subject}: the order of the {noun} is now {after}", "{subject}：{noun}的顺序改为{after}"
)
OTHER_MODULE: Final = Text(
    "{subject} moved from the module {before} to {after}", "{subject}由模块{before}移到模块{after}"
)
REWRITTEN: Final = Text(
    "{subject} is written differently and means the same", "{subject}仅书写方式不同，含义不变"
)
ALL_FIELDS: Final = Text("all fields", "全部字段")
NOTHING: Final = Text("nothing", "无")

ORDERED: Final = frozenset(
    {
        *(
            "ObjectDef.fields",
            "ExtendsObjectDef.fields",
            "choices",
            "states",
            "transitions",
            "steps",
        ),
        *("sections", "items", "measures", "group_rows", "group_columns", "menu", "views"),
        *("columns", "sort", "rules", "record_types", "children", "approvers", "inputs", "tiles"),
        "ScenarioDef.when",
        "GivenDef.records",
    }
)
"""Lists whose order people see or that decides something; others are sets."""


def phrase_key(owner: str, attribute: str, table: Mapping[str, object]) -> str | None:
    """Return under which key a table speaks of an attribute: with its class, or for all classes."""
    exact = f"{owner}.{attribute}"
    if exact in table:
        return exact
    plain = attribute.rstrip("_")
    return plain if plain in table else None
