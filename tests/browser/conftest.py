"""The explorer in a real browser: headless Chromium, driven by Playwright; where either is missing the tests fail."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.explorer_pages import until

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Opened:
    """A page that is open, with what it said and asked for."""

    page: Any
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's browser."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(
            "the explorer was not tested: Chromium is missing (Debian: apt-get install chromium)", pytrace=False
        )
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.fail(
            'the explorer was not tested: Playwright is missing (pip install "exactcnn[browser]")', pytrace=False
        )
    with sync_playwright() as playwright:
        # Inside containers there is no sandbox to be had; the pages are the tests' own.
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a page's text from a file; at the end of the test it must have said nothing and asked for nothing."""
    pages: list[Opened] = []
    contexts = []

    def show(text: str, *, width: int = 1280, height: int = 900, **more: Any) -> Any:
        path = tmp_path / f"page{len(pages)}.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", **more)
        contexts.append(context)
        found = Opened(context.new_page())
        found.page.on("console", lambda message: found.messages.append(f"{message.type}: {message.text}"))
        found.page.on("pageerror", lambda error: found.messages.append(str(error)))
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.goto(path.as_uri())
        until(found.page, "Boolean(window.explorer)")
        pages.append(found)
        return found.page

    yield show
    said = [message for found in pages for message in found.messages]
    asked = [url for found in pages for url in found.requests[1:] if not url.startswith("data:")]
    for context in contexts:
        context.close()
    assert said == []
    assert asked == []
