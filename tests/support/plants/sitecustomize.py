"""Python runs this at the start of every process that has this folder on its path.

So a test can change the code of real server processes, the children of the server included,
without a switch for it in the product. `tests.support.planting` has the changes.
"""

from tests.support import planting

planting.plant()
