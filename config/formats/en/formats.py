"""How moments are written where a page does not say: as everywhere in the house, by the day first and 24 hours."""

from typing import Final

DATE_FORMAT: Final = "j M Y"
TIME_FORMAT: Final = "H:i"
DATETIME_FORMAT: Final = "j M Y, H:i"
SHORT_DATE_FORMAT: Final = "Y-m-d"
SHORT_DATETIME_FORMAT: Final = "Y-m-d H:i"
MONTH_DAY_FORMAT: Final = "j F"
YEAR_MONTH_FORMAT: Final = "F Y"
