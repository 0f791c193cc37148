"""Text and marks stand out from what is behind them in both themes, by the measure of WCAG 2.2 (1.4.3 and 1.4.11)."""

from __future__ import annotations

import colorsys
import math
import re
from pathlib import Path

import pytest

from phlareweb import admin_look

FOLDER = Path(__file__).resolve().parents[3] / "static" / "phlare"
#: Least contrast of text, and of what has to be seen to use a page or understand it: edges of fields, focus, charts.
TEXT, MARKS = 4.5, 3.0
THEMES = ("dark", "light")
BACKGROUNDS = ("--bg", "--panel", "--raised", "--overlay")

Colour = tuple[float, float, float]  # red, green, blue of light, 0 to 1


def sheets() -> dict[str, str]:
    """Return the style sheets of the pages without their comments; the admin has variables of its own."""
    found = {}
    for path in sorted(FOLDER.glob("*.css")):
        if path.name != "admin.css":
            found[path.name] = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
    return found


SHEETS = sheets()


def tokens(theme: str) -> dict[str, str]:
    """Return the value of every token in a theme as it is written."""
    found: dict[str, str] = {}
    for sheet in SHEETS.values():
        for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet):
            names = {name.strip() for name in selectors.split(",")}
            if names & {":root", f':root[data-theme="{theme}"]', ".flame-graph"}:
                found |= {name: value.strip() for name, value in re.findall(r"(--[\w-]+)\s*:\s*([^;]+)", body)}
    return found


def colour(text: str, of: dict[str, str]) -> Colour:
    """Return the light of a colour: ``#rrggbb``, ``oklch()``, ``color-mix()`` in oklab, or a token."""
    if variable := re.fullmatch(r"var\((--[\w-]+)\)", text):
        return colour(of[variable[1]], of)
    if mix := re.fullmatch(r"color-mix\(in oklab, (.+) (\d+)%, (.+)\)", text):
        share = int(mix[2]) / 100
        pairs = zip(oklab(colour(mix[1], of)), oklab(colour(mix[3], of)), strict=True)
        return from_oklab(*(share * a + (1 - share) * b for a, b in pairs))
    if polar := re.fullmatch(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", text):
        lightness, chroma, hue = (float(one) for one in polar.groups())
        return from_oklab(lightness, chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue)))
    assert re.fullmatch(r"#[0-9a-f]{6}", text), text
    red, green, blue = (linear(int(text[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return red, green, blue


def linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def oklab(light: Colour) -> Colour:
    """Björn Ottosson's space, as CSS Color 4 has it."""
    red, green, blue = light
    long, middle, short = (
        math.cbrt(a * red + b * green + c * blue)
        for a, b, c in (
            (0.4122214708, 0.5363325363, 0.0514459929),
            (0.2119034982, 0.6806995451, 0.1073969566),
            (0.0883024619, 0.2817188376, 0.6299787005),
        )
    )
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def from_oklab(lightness: float, a: float, b: float) -> Colour:
    long, middle, short = (
        (lightness + x * a + y * b) ** 3
        for x, y in (
            (0.3963377774, 0.2158037573),
            (-0.1055613458, -0.0638541728),
            (-0.0894841775, -1.2914855480),
        )
    )
    light = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    red, green, blue = (min(1.0, max(0.0, one)) for one in light)
    return red, green, blue


def luminance(light: Colour) -> float:
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def contrast(one: Colour, other: Colour) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def text_tokens() -> set[str]:
    """Return every token that a sheet colours text with; states and sides stand for several."""
    named = {name for sheet in SHEETS.values() for name in re.findall(r"(?<![\w-])color: var\((--[\w-]+)\)", sheet)}
    assigned = {name for sheet in SHEETS.values() for name in re.findall(r"--(?:state|side): var\((--[\w-]+)\)", sheet)}
    return (named | assigned) - {"--state", "--side", "--on-accent"}


def test_the_measure_is_that_of_wcag() -> None:
    assert contrast(colour("#ffffff", {}), colour("#000000", {})) == pytest.approx(21)
    assert contrast(colour("#777777", {}), colour("#ffffff", {})) == pytest.approx(4.48, abs=0.005)
    assert from_oklab(*oklab(colour("#47bd89", {}))) == pytest.approx(colour("#47bd89", {}), abs=1e-6)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_text_can_be_read(theme: str, background: str) -> None:
    of = tokens(theme)
    behind = colour(of[background], of)
    found = text_tokens()
    assert {"--fg", "--dim", "--bad", "--side-a", "--more"} <= found
    assert {name: c for name in found if (c := contrast(colour(of[name], of), behind)) < TEXT} == {}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("text", "background"), [("--on-accent", "--accent"), ("--flame-dim", "--flame-muted"), ("--fg", "--flame-muted")]
)
def test_text_on_colours_can_be_read(theme: str, text: str, background: str) -> None:
    of = tokens(theme)
    assert contrast(colour(of[text], of), colour(of[background], of)) >= TEXT


def test_no_text_is_faded_but_what_is_about_to_be_replaced() -> None:
    rules = [rule for sheet in SHEETS.values() for rule in re.findall(r"([^{};]+)\{[^{}]*?\bopacity: ([\d.]+)", sheet)]
    faded = {selector.strip() for selector, opacity in rules if float(opacity) < 1}
    assert faded == {".busy", ".outside .share, .outside .swatch", "50%"}  # the last is of a dot that pulses


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_fields_and_the_focus_can_be_seen(theme: str, background: str) -> None:
    of = tokens(theme)
    assert re.search(r"input, select, textarea \{ border-color: var\(--edge\); \}", SHEETS["theme.css"])
    assert ":focus-visible { outline: 2px solid var(--accent);" in SHEETS["theme.css"]
    for name in ("--edge", "--accent"):
        assert contrast(colour(of[name], of), colour(of[background], of)) >= MARKS, name


@pytest.mark.parametrize("theme", THEMES)
def test_lines_of_a_chart_can_be_seen(theme: str) -> None:
    of = tokens(theme)
    script = (FOLDER / "time_chart.js").read_text("utf-8")
    listed = re.search(r"^const HUES = \[([\d, ]+)\];$", script, re.MULTILINE)
    assert listed is not None
    assert "hsl(${HUES[index % HUES.length]} ${index >= HUES.length ? 30 : 62}% ${lightness})" in script
    lightness = int(of["--line-lightness"].removesuffix("%")) / 100
    for hue in listed[1].split(","):
        for saturation in (0.62, 0.3):
            red, green, blue = (linear(c) for c in colorsys.hls_to_rgb(int(hue) / 360, lightness, saturation))
            assert contrast((red, green, blue), colour(of["--panel"], of)) >= MARKS, (hue, saturation)


def test_the_admin_has_the_colours_of_the_pages() -> None:
    of = tokens("dark")
    names = {value: name for name, value in of.items() if value.startswith("#")}
    colours = admin_look.UNFOLD["COLORS"]
    font = {name: names.get(value) for name, value in colours["font"].items()}
    assert font == {
        "subtle-light": "--snow-700",
        "subtle-dark": "--ink-400",
        "default-light": "--snow-900",
        "default-dark": "--ink-100",
        "important-light": "--ink-950",
        "important-dark": "--ink-50",
    }
    sheet = re.sub(r"/\*.*?\*/", "", (FOLDER / "admin.css").read_text("utf-8"), flags=re.DOTALL)
    assert set(re.findall(r"#[0-9a-f]{6}\b", sheet)) <= names.keys()
    base, primary = colours["base"], colours["primary"]
    for text, background in ((primary["600"], "#ffffff"), (primary["600"], base["50"]), (primary["500"], base["900"])):
        assert contrast(colour(text, {}), colour(background, {})) >= TEXT
