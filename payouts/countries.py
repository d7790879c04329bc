"""Where creators may bank: countries to which Stripe pays out from here."""

from typing import Final

NAMES: Final = {
    "AU": "Australia", "AT": "Austria", "BE": "Belgium", "BR": "Brazil", "BG": "Bulgaria", "CA": "Canada",
    "HR": "Croatia", "CY": "Cyprus", "CZ": "Czechia", "DK": "Denmark", "EE": "Estonia", "FI": "Finland",
    "FR": "France", "DE": "Germany", "GR": "Greece", "HK": "Hong Kong", "HU": "Hungary", "IN": "India",
    "IE": "Ireland", "IT": "Italy", "JP": "Japan", "LV": "Latvia", "LT": "Lithuania", "LU": "Luxembourg",
    "MT": "Malta", "MX": "Mexico", "NL": "Netherlands", "NZ": "New Zealand", "NO": "Norway", "PL": "Poland",
    "PT": "Portugal", "RO": "Romania", "SG": "Singapore", "SK": "Slovakia", "SI": "Slovenia", "ES": "Spain",
    "SE": "Sweden", "CH": "Switzerland", "GB": "United Kingdom", "US": "United States",
}  # fmt: skip


def name_of(*, code: str) -> str:
    """Name a country."""
    return NAMES.get(code, code)
