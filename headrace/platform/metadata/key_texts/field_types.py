"""Words for the options of field types, in the order of the options panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.platform.metadata.key_texts.base import KeyText, daily, more

TEXTS: Final[Mapping[str, KeyText]] = {
    "TextOptions.length": daily("Most characters", "最大长度", "最多多少个字符。"),
    "TextOptions.format": daily(
        "Known form", "固定格式", "已知的格式：文本会自动规整，并检查其校验位。"
    ),
    "TextOptions.pattern": more(
        "Pattern", "格式规则", "描述整个文本的模式；是正则表达式的一个线性时间子集。"
    ),
    "TextOptions.pattern_help": more(
        "Explanation of the pattern", "规则说明", "说明模式的要求，在文本不符合时显示。"
    ),
    "TextOptions.scan": more("Scan codes", "扫码录入", "允许用摄像头扫描条形码或二维码录入。"),
    "LongTextOptions.length": daily("Most characters", "最大长度", "最多多少个字符。"),
    "PhoneOptions.country": daily(
        "Country",
        "国家或地区",
        "无需填写国家代码的国家或地区（ISO 代码）：号码按该国家或地区的长度检查，并保存为 `+8613800138000` 的形式；不填则按录入保存。",
    ),
    "RichTextOptions.length": daily("Most characters", "最大长度", "最多多少个字符，包括标记。"),
    "JsonOptions.length": daily("Most characters", "最大长度", "紧凑文本最多多少个字符。"),
    "IntegerOptions.least": daily("Least", "最小值", "允许的最小值。"),
    "IntegerOptions.most": daily("Most", "最大值", "允许的最大值。"),
    "DecimalOptions.precision": daily("Digits in all", "总位数", "总共多少位数字。"),
    "DecimalOptions.scale": daily("Digits after the point", "小数位数", "小数点后多少位。"),
    "DecimalOptions.least": daily("Least", "最小值", "允许的最小值，写为文本。"),
    "DecimalOptions.most": daily("Most", "最大值", "允许的最大值，写为文本。"),
    "MoneyOptions.currency": daily(
        "Currency",
        "币种",
        "所有金额的币种（ISO 4217 代码），与金额一起显示；没有辅币的币种只接受整数金额。",
    ),
    "MoneyOptions.currency_field": daily(
        "Currency field", "指明币种的字段", "同一记录中以币种代码为值的选项字段。"
    ),
    "BoundsOptions.least": daily("Least", "最小值", "允许的最小值，写为文本。"),
    "BoundsOptions.most": daily("Most", "最大值", "允许的最大值，写为文本。"),
    "PeriodOptions.unit": daily("Length of a period", "周期长度", "每个期间有多长。"),
    "TimeOptions.seconds": daily("With seconds", "精确到秒", "秒也计入。"),
    "ChoiceOptions.choices": daily("Choices", "选项", "选项值，按顺序排列。"),
    "ChoiceOptions.choice_set": daily("Choice set", "选项集", "选项值取自哪个选项集。"),
    "ChoiceOptions.depends_on": more(
        "Depends on", "决定可选值的字段", "同一对象中决定可选值的选项字段或是否字段。"
    ),
    "ChoiceOptions.allowed": more(
        "Allowed choices",
        "允许的选项",
        "按决定字段的值列出可选的值；决定字段为其他值或为空时都不可选。",
    ),
    "FileOptions.kinds": daily(
        "Kinds of files",
        "允许的文件类型",
        "允许的文件类型，按文件内容识别；不填则除 `xml`、`html`、`svg` 和 `other` 外均可。",
    ),
    "FileOptions.largest": daily("Most megabytes", "最大兆字节数", "单个文件的最大兆字节数。"),
    "FilesOptions.min": daily("Fewest files", "最少文件数", "如有文件，至少多少个。"),
    "FilesOptions.max": daily("Most files", "最多文件数", "最多多少个文件。"),
    "ImageOptions.kinds": daily(
        "Kinds of images", "允许的图片类型", "允许的图片类型；不填则全部允许。"
    ),
    "ImageOptions.largest": daily("Most megabytes", "最大兆字节数", "单张图片的最大兆字节数。"),
    "ImageOptions.captured": more(
        "Photographs only", "照片的拍摄信息要求", "只接受含拍摄时间的照片；`{}` 表示没有更多要求。"
    ),
    "CaptureDef.within": daily(
        "Hours since it was taken", "拍摄到上传的小时数", "上传前最多多少小时内拍摄。"
    ),
    "CaptureDef.position": daily("With its position", "须含拍摄位置", "照片须包含拍摄地点。"),
    "ImagesOptions.min": daily("Fewest images", "最少图片数", "如有图片，至少多少张。"),
    "ImagesOptions.max": daily("Most images", "最多图片数", "最多多少张图片。"),
    "UserOptions.roles": daily("Roles", "角色", "只能选择拥有这些角色之一的用户。"),
    "UserOptions.people": daily(
        "People", "可选人员范围", "可以选择哪些用户：内部人员、伙伴人员或所有人。"
    ),
    "UsersOptions.min": daily(
        "Fewest users", "最少用户数", "保存时至少选择多少个用户；空列表视为未填写。"
    ),
    "UsersOptions.max": daily("Most users", "最多用户数", "保存时最多选择多少个用户。"),
    "LookupOptions.to": daily("Object", "引用对象", "所引用的对象。"),
    "LookupOptions.filter": daily(
        "Only records where", "可选范围", "只能选择此条件为真的记录；`this.` 指正在编辑的记录。"
    ),
    "TreeOptions.depth": daily("Most levels", "最多层级", "最多多少级。"),
    "MasterDetailOptions.to": daily("Master object", "主对象", "主记录所属的对象。"),
    "MultiLookupOptions.to": daily("Object", "引用对象", "所引用的对象。"),
    "MultiLookupOptions.filter": daily(
        "Only records where", "可选范围", "只能选择此条件为真的记录；`this.` 指正在编辑的记录。"
    ),
    "MultiLookupOptions.min": daily(
        "Fewest records", "最少记录数", "保存时至少选择多少条记录；空列表视为未填写。"
    ),
    "MultiLookupOptions.max": daily(
        "Most records", "最多记录数", "保存时最多选择多少条记录；填写者看不到的记录不计入。"
    ),
    "MultiLookupOptions.on_delete": more(
        "When a record is deleted",
        "所引记录被删除时的处理",
        "所引用的记录被删除时：不允许删除，或从列表中移除。",
    ),
    "PolymorphicLookupOptions.targets": daily(
        "Objects", "可引用的对象", "可以引用其记录的对象，至少两个，按提供选择的顺序排列。"
    ),
    "PolymorphicLookupOptions.filters": daily(
        "Only records where", "各对象的可选范围", "各对象中可以选择哪些记录；每个对象最多一个条件。"
    ),
    "TargetFilterDef.object": daily("Object", "对象", "“可引用的对象”之一。"),
    "TargetFilterDef.filter": daily(
        "Only records where", "可选范围", "只能选择此条件为真的记录；`this.` 指正在编辑的记录。"
    ),
    "AutoNumberOptions.pattern": daily(
        "Form of the number",
        "编号格式",
        "可含 {YYYY}、{MM}、{DD}（工作区日历）和一个计数器（如 {0000}）的文本；日期部分变化时计数器重新开始。",
    ),
    "FormulaOptions.returns": daily("Type of the result", "结果类型", "公式结果的类型。"),
    "FormulaOptions.formula": daily(
        "Formula", "公式", "针对本记录的公式，也可以经由引用读取其他记录。"
    ),
    "RollupOptions.op": daily(
        "Way of putting together",
        "汇总方式",
        "合计、计数、平均（四舍五入）、最小、最大，或取依据字段最大的那一行的值。",
    ),
    "RollupOptions.of": daily(
        "What is put together", "汇总内容", "要汇总的 `对象.字段`；计数时只填对象。"
    ),
    "RollupOptions.by": daily("Points here by", "指向字段", "该对象中指向本对象的字段。"),
    "RollupOptions.where": daily(
        "Only rows where",
        "行条件",
        "只汇总此条件为真的行。条件涉及今天、当前时刻、常量或引用路径时，汇总在读取时计算，不存储。",
    ),
    "RollupOptions.last_by": daily(
        "Last by",
        "最后一行的依据",
        "用于“取最后”：决定哪一行最后的数值、日期或时间；相同时取后建的行。没有值的行不计。",
    ),
    "RollupOptions.scale": daily(
        "Digits after the point", "小数位数", "用于“平均”：小数位数；默认与字段相同，至少两位。"
    ),
    "RollupOptions.on": more(
        "Shared fields", "共同字段", "代替指向字段：两个对象共有的字段；全部相等的行属于本记录。"
    ),
    "RollupOptions.via": more(
        "Path to here",
        "到达路径",
        "代替指向字段：从该对象沿引用到达本对象的路径；读取时计算。",
    ),
    "StateOptions.workflow": daily("Workflow", "工作流", "唯一可以改变它的工作流。"),
}
"""Words by class and attribute."""
