"""A creator's terms in words: when it is paid, and what is held back."""

from payouts import calendar

WHEN = {
    calendar.WEEKLY: "Weeks run Monday to Sunday (UTC) and are paid ",
    calendar.MONTHLY: "Months run from the first to the last (UTC) and are paid ",
    calendar.ON_DEMAND: "You are paid when you ask; what a day (UTC) earned can be paid ",
}


def when(*, schedule: str, window_days: int) -> str:
    """Say when earnings are paid."""
    return f"{WHEN[schedule]}{_after(schedule, window_days)}."


def reserve(*, share_bp: int, days: int) -> str:
    """Say what is held back, if anything is."""
    if not share_bp:
        return ""
    percent = f"{share_bp // 100}.{share_bp % 100:02d}".rstrip("0").rstrip(".")
    return f"{percent} % of what matures is held back for {days} days, then it is yours."


def _after(schedule: str, window_days: int) -> str:
    usual = window_days == calendar.WINDOW_DAYS
    if schedule == calendar.WEEKLY:
        later = f"on the first Wednesday that is {window_days} days or more after their Sunday"
        return "the following Wednesday" if usual else later
    if schedule == calendar.MONTHLY:
        return "on the third of the next" if usual else f"{window_days} days after their last day"
    return f"{window_days} days later"
