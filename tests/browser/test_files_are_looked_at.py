"""The upload page against a real database: files are drawn, compared and refused there, and stored only when kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PHONE, WIDE, OpenPage, fits_its_width, picture
from tests.integration.cluster.cluster import Cluster
from tests.unit.profiles.pprof.pprof_model import Profile, Sample

#: A machine that does much else takes its time.
PATIENCE_MS = 60_000
BEFORE = "main;work;parse 30\nmain;work;hash 20\nmain;idle 50\nmain;work;old 5\n"
AFTER = "main;work;parse 60\nmain;work;hash 20\nmain;idle 30\nmain;work;new 12\n"
#: Two threads that took time: one profile for each.
SPEEDSCOPE = {
    "$schema": "https://www.speedscope.app/file-format-schema.json",
    "shared": {"frames": [{"name": "run"}, {"name": "wait"}]},
    "profiles": [
        {
            "type": "sampled",
            "name": name,
            "unit": "seconds",
            "startValue": 0,
            "endValue": weight,
            "samples": [[0, 1]],
            "weights": [weight],
        }
        for name, weight in (("first", 2), ("second", 3))
    ],
}

#: What `go tool pprof -diff_base` writes: one function takes 40 more, another 20 less.
DIFFERENCE = Profile([Sample((("more", "a.go", 1),), (40,)), Sample((("less", "a.go", 2),), (-20,))]).encode()
#: Of which all is less.
FALL = Profile([Sample((("less", "a.go", 2),), (-20,))]).encode()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    made = {
        "before.folded": BEFORE,
        "after.folded": AFTER,
        "broken.folded": "a;b 1\na;c x\n",
        "threads.json": json.dumps(SPEEDSCOPE),
        "letter.txt": "Dear all,\nhow are you?\n",
    }
    for name, text in made.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: tmp_path / name for name in made}


def bring(page: Page, *paths: Path) -> None:
    page.locator("#picker").set_input_files(list(paths))
    expect(page.locator("#status")).to_have_text(re.compile("^(read |failed)"), timeout=PATIENCE_MS)


def services(cluster: Cluster) -> list[str]:
    _, body, _ = cluster.request("GET", "/api/v1/labels/service_name/values?from=now-1h")
    names: list[str] = json.loads(body)["names"]
    return names


def test_values_below_zero_are_said_to_be_left_out_and_what_to_bring_instead(page: Page, tmp_path: Path) -> None:
    for name, data in (("difference.pb", DIFFERENCE), ("fall.pb", FALL)):
        (tmp_path / name).write_bytes(data)
    page.goto("/upload")
    bring(page, tmp_path / "difference.pb")
    told = page.locator("#file-list .notice.warn")
    expect(told).to_have_text(re.compile("^1 sample below zero left out: bring the two profiles"))
    expect(page.locator("#single-total")).to_have_text(re.compile("^40 .*in 1 different stack$"))
    page.get_by_role("button", name="Remove difference.pb").click()
    bring(page, tmp_path / "fall.pb")
    expect(page.locator("#file-list .notice.bad")).to_contain_text(
        "holds no sample with a value above zero. 1 sample below"
    )


def test_a_file_is_drawn_with_its_own_numbers_and_not_stored(
    page: Page, cluster: Cluster, files: dict[str, Path]
) -> None:
    before = services(cluster)
    page.goto("/upload")
    expect(page.locator("#formats")).to_contain_text("py-spy")
    bring(page, files["before.folded"])
    expect(page.locator("#file-list")).to_contain_text("read as collapsed, 1 profile")
    expect(page.locator("#single-total")).to_have_text("105 in 4 different stacks")
    expect(page.locator("#single canvas")).to_be_visible()
    first = page.locator("#functions [role=row]", has_text="idle")
    expect(first).to_contain_text("50")
    expect(first).to_contain_text("47.6 %")
    page.keyboard.press("/")
    page.keyboard.type("parse|hash")
    expect(page.locator("#found")).to_have_text("2 functions, 47.6 %")
    picture(page, "upload")
    assert services(cluster) == before


def test_two_files_go_straight_to_a_comparison(page: Page, files: dict[str, Path]) -> None:
    page.goto("/upload?view=table&mode=absolute")
    bring(page, files["before.folded"], files["after.folded"])
    rows = page.locator(".changes tbody tr")
    expect(rows).to_have_count(7)
    cells = {row.locator("th").inner_text(): row.locator("td").all_inner_texts() for row in rows.all()}
    assert [text.strip() for text in cells["parse"]] == ["+30+100.0 %", "30", "60", "+30+100.0 %", "30", "60"]
    assert cells["new"][0] == "+12new"
    assert cells["old"][0] == "−5gone"
    page.get_by_role("button", name="Swap A and B").click()
    expect(rows.filter(has_text="new").locator("td").first).to_have_text("−12gone")
    page.get_by_role("button", name="Overlay").click()
    expect(page.locator(".diff-overlay canvas")).to_be_visible()
    picture(page, "upload-two")
    page.get_by_role("button", name="Remove before.folded").click()
    expect(page.locator("#single-total")).to_have_text(re.compile("^122 in 4"))


def test_a_second_file_joins_the_first(page: Page, files: dict[str, Path]) -> None:
    page.goto("/upload")
    bring(page, files["before.folded"])
    expect(page.locator("#single")).to_be_visible()
    page.locator("#picker").set_input_files(files["after.folded"])
    expect(page.locator("#compare")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#single")).to_be_hidden()


def test_several_profiles_of_a_file_are_tabs(page: Page, files: dict[str, Path]) -> None:
    page.goto("/upload")
    bring(page, files["threads.json"])
    expect(page.get_by_role("tab")).to_have_count(2)
    expect(page.locator("#single-total")).to_have_text(re.compile("^2 s in"))
    page.get_by_role("tab").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", selected=True)).to_contain_text("second")
    expect(page.locator("#single-total")).to_have_text(re.compile("^3 s in"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken.folded", "this looks like collapsed, but line 2 ends in 'x', which is not a count"),
        ("letter.txt", "these are read: pprof, collapsed, austin"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(
    open_page: OpenPage, files: dict[str, Path], name: str, said: str
) -> None:
    page = open_page(expected=("400",))
    page.goto("/upload")
    bring(page, files[name])
    expect(page.locator("#file-list")).to_contain_text(said)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    picture(page, f"upload-{name.partition('.')[0]}")


def test_a_file_that_is_too_large_is_not_even_sent(page: Page, tmp_path: Path) -> None:
    (tmp_path / "huge.folded").write_bytes(b"a 1\n" * ((33 << 20) // 4))
    page.goto("/upload")
    expect(page.locator("#most")).to_have_text("At most 32 MiB a file.")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "inspect" in request.url else None)
    bring(page, tmp_path / "huge.folded")
    expect(page.locator("#file-list")).to_contain_text("The file has 33 MiB; the most that is read is 32 MiB.")
    assert sent == []


def test_reading_can_be_ended_and_a_file_that_joins_is_not_an_end(page: Page, files: dict[str, Path]) -> None:
    held: list[Route] = []
    page.route("**/api/v1/inspect?**", lambda route: held.append(route))
    page.goto("/upload")
    page.locator("#picker").set_input_files(files["before.folded"])
    expect(page.locator("#status")).to_have_text("reading")
    page.unroute("**/api/v1/inspect?**")
    page.locator("#picker").set_input_files(files["after.folded"])  # both are read now
    expect(page.locator("#compare")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#file-list")).not_to_contain_text("cancelled")
    page.route("**/api/v1/inspect?**", lambda route: held.append(route))
    page.get_by_role("button", name="Remove after.folded").click()
    page.locator("#picker").set_input_files(files["threads.json"])
    page.locator(".waiting").get_by_role("button", name="Cancel").click(timeout=PATIENCE_MS)
    expect(page.locator("#file-list")).to_contain_text("The reading was cancelled.")
    page.unroute("**/api/v1/inspect?**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#file-list")).to_contain_text("read as speedscope", timeout=PATIENCE_MS)


def test_a_profile_is_pasted_or_dropped(page: Page) -> None:
    page.goto("/upload")
    send = """([kind, text]) => {
      const data = new DataTransfer();
      if (kind === 'paste') data.setData('text/plain', text);
      else data.items.add(new File([text], 'dropped.folded'));
      document.querySelector('#drop').dispatchEvent(kind === 'paste'
        ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
        : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(send, ["paste", BEFORE])
    expect(page.locator("#file-list")).to_contain_text("pasted text", timeout=PATIENCE_MS)
    expect(page.locator("#single")).to_be_visible(timeout=PATIENCE_MS)
    page.evaluate(send, ["drop", AFTER])
    expect(page.locator("#compare")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#file-list")).to_contain_text("dropped.folded")


def test_a_file_is_stored_when_it_is_kept(page: Page, cluster: Cluster, files: dict[str, Path]) -> None:
    page.goto("/upload")
    bring(page, files["after.folded"])
    page.get_by_role("button", name="Keep…").click()
    expect(page.get_by_label("Service name")).to_have_value("after")
    page.get_by_label("Service name").fill("kept-in-a-test")
    page.get_by_role("dialog").get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#file-list")).to_contain_text("Kept as kept-in-a-test: 1 profile", timeout=PATIENCE_MS)
    query = urlencode({"query": '{service_name="kept-in-a-test"}', "profile_type": "process_cpu:samples:count::"})
    status, body, _ = cluster.request("GET", f"/api/v1/flamegraph?{query}")
    assert (status, json.loads(body).get("total")) == (200, 122)
    expect(page.get_by_role("link", name="Explore").last).to_have_attribute("href", re.compile("kept-in-a-test"))


def test_files_without_anything_in_common_are_not_compared(page: Page, files: dict[str, Path]) -> None:
    page.goto("/upload")
    bring(page, files["before.folded"], files["threads.json"])
    expect(page.locator("#notices")).to_contain_text("The two have no type of value in common")
    expect(page.locator("#compare")).to_be_hidden()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_files_fit_every_screen(open_page: OpenPage, files: dict[str, Path], theme: str, size: tuple[int, int]) -> None:
    page = open_page(theme, size)
    page.goto("/upload")
    assert fits_its_width(page)
    picture(page, f"upload-empty-{theme}-{size[0]}")
    bring(page, files["before.folded"], files["after.folded"])
    expect(page.locator(".diff-overlay canvas")).to_be_visible()
    assert fits_its_width(page)
    picture(page, f"upload-two-{theme}-{size[0]}")
