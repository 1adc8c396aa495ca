"""A headless Chromium for pages that the package writes: Debian's chromium and chromium-driver."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
)

Theme = Literal["light", "dark"]


class Browser:
    """What a reader does with a page, and what went wrong meanwhile."""

    def __init__(self, driver: Chrome):
        self.driver = driver

    def open(self, page: Path | str, *, width: int = 1440, theme: Theme = "light") -> None:
        """Open a file or an address, in a window of that width (CSS pixels) and theme.

        The console is emptied first, so that `errors` speaks of this page.
        """
        height = 900 if width > 600 else 780
        self.emulate(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": theme}
        self.emulate("Emulation.setEmulatedMedia", media="screen", features=[scheme])
        self.driver.get_log("browser")
        address = page.resolve().as_uri() if isinstance(page, Path) else page
        self.driver.get(address)
        # Where another process of Chromium is to draw the page, `get` may return before it does.
        self.wait(
            "return document.readyState === 'complete'"
            " && decodeURIComponent(document.URL) === decodeURIComponent(arguments[0])",
            address,
        )

    def wait(self, script: str, *arguments: Any) -> None:
        """Wait until a script in the page returns true, for 10 seconds at most."""
        WebDriverWait(self.driver, 10).until(lambda _: self.run(script, *arguments))

    def emulate(self, command: str, **parameters: Any) -> None:
        """Give a command of the Chrome DevTools Protocol."""
        self.driver.execute_cdp_cmd(command, parameters)

    def errors(self) -> list[str]:
        """What the console has said since `open`: errors, refused requests, broken policies."""
        return [
            str(entry["message"])
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]

    def overflow(self) -> int:
        """By how many CSS pixels the page is wider than the window; 0 as it should be."""
        return int(
            self.run(
                "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
            )
        )

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page, and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        """The elements that a CSS selector matches and that are shown."""
        found = self.driver.find_elements("css selector", selector)
        return [element for element in found if element.is_displayed()]

    def one(self, selector: str) -> WebElement:
        """The one shown element that a CSS selector matches."""
        found = self.all(selector)
        assert len(found) == 1, f"{len(found)} elements match {selector}"
        return found[0]

    def click(self, target: str | WebElement) -> None:
        """Click an element, or the one shown that a CSS selector matches, by the mouse."""
        element = self.one(target) if isinstance(target, str) else target
        self.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        element.click()

    def screenshot(self, file: Path) -> Path:
        """Write the whole page, beyond the window too, to a PNG file."""
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png"}
        )
        file.write_bytes(base64.b64decode(shot["data"]))
        return file


@contextmanager
def start_browser() -> Iterator[Browser]:
    """Start Chromium; a test that needs one is skipped where there is none."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no chromium with chromedriver here: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=ChromeService(driver))
    try:
        yield Browser(chrome)
    finally:
        chrome.quit()
