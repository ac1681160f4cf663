"""Plausible words for generated rows: names, places, subjects. All of them invented or common."""

from __future__ import annotations

from tui_oauth.practice.data.templates import inside


def _each(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _each(
    "Robin Ada Milan Zoë Noor Łukasz Ines Kofi Mei Søren Aroha Tomás Priya Jonas Amélie Yusuf "
    "Hana Diego Freya Idris Lena Oluwaseun Pia Rashid Signe Teo Uma Viktor Wren Ximena Yara 健"
)
LAST_NAMES = _each(
    "Vale Okafor Lindqvist Moreau Hassan Nováková O'Neill Tanaka Fernández Brandt Kowalski Rossi "
    "Adeyemi Papadopoulos Sørensen Nguyễn Castellanos Meyer Dubois Singh Haugen Petrov Ramos "
    "Whitfield Yılmaz Bergström Costa Demir Eriksen Fujita Grünwald Ito Jansen 李"
)
PLACES = (
    ("Ireland", "Dublin", "Dublin"),
    ("United Kingdom", "England", "London"),
    ("Germany", "Bavaria", "Nürnberg"),
    ("France", "Île-de-France", "Paris"),
    ("United States", "Oregon", "Portland"),
    ("Australia", "Victoria", "Melbourne"),
    ("Japan", "Kantō", "東京"),
    ("Brazil", "São Paulo", "São Paulo"),
)
TRADES = _each("Books Coffee Cycles Lanterns Tea Maps Kites Clocks Sails Gardens")
PLANS = ("Free", "Starter", "Growth", "Scale")
TAGS = _each("VIP Trial Churn-risk Beta Partner Wholesale Newsletter Refund Onboarding Press")
SUBJECTS = tuple(
    inside(text)
    for text in (
        "Where is my order?",
        'The button "Pay now" does nothing',
        "Change of address",
        "Invoice for March",
        "The lantern arrived broken",
        "How do I export my data?",
        "Thank you!",
        "Login does not work\nsince this morning",
    )
)
BROWSERS = ("Chrome", "Firefox", "Safari")
SYSTEMS = ("OS X 14.4", "Windows 11", "Linux", "iOS 17.4", "Android 14")
LANGUAGES = ("en", "de", "fr", "ja", "pt-BR")
