"""Forms, lists, menus: view models made from definitions; no HTTP and no HTML.

A view model holds only what its viewer may read. Texts stay in both languages until rendering.
"""
