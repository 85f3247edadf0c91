"""Rows that the new version does not suit, and what decisions make of them.

`narrowing` looks at values that a field no longer allows, `states` at states that go or are
renamed, `required` at empty values, `keys` at values that occur twice. Each gives lines of the plan;
where a line is answered, it gives the work that publishing does to the rows.
"""
