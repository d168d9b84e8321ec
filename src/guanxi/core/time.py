"""Time: instants in milliseconds UTC and half-open windows of local days."""

from datetime import timedelta, timezone
from typing import Final

#: China time: +08:00, no summer time.
SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
