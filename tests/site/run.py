#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The manual as a site in a real Chromium: every page opens without a complaint, every link on it is followed, the search finds things.

run.py FOLDER: where index.html is. Links to other hosts are not followed: tests talk to this machine alone.
"""

import pathlib
import shutil
import sys
import tempfile
from urllib.parse import unquote, urldefrag

from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# What each page links to, as the browser resolves it, and what can be linked to.
LINKS = "[...document.querySelectorAll('a[href], area[href]')].map(link => link.href)"
PLACES = "[...document.querySelectorAll('[id], a[name]')].flatMap(each => [each.id, each.getAttribute('name')])"


class Site:
    """A folder of pages, and what the browser says of them."""

    def __init__(self, browser, folder):
        self.page = browser.new_page()
        self.root = folder.resolve().as_uri()
        self.complaints = []
        self.places = {}
        self.links = set()
        self.page.on("pageerror", lambda error: self.complain(f"script: {error}"))
        self.page.on("console", lambda said: said.type == "error" and self.complain(f"console: {said.text}"))
        self.page.on("requestfailed", self.failed)

    def complain(self, what):
        self.complaints.append(f"{self.page.url}: {what}")

    def failed(self, request):
        # What a page asks for after it has loaded is aborted when the page is left.
        if request.failure != "net::ERR_ABORTED":
            self.complain(f"not loaded, {request.failure}: {request.url}")

    def open(self, url):
        """Opens a page once: notes its places and its links, and answers the latter."""
        self.page.goto(url, wait_until="load")
        self.places[url] = set(filter(None, self.page.evaluate(PLACES)))
        return self.page.evaluate(LINKS)

    def follow(self, start):
        """Follows all links from one page on, within the folder."""
        waiting = [start]
        while waiting:
            here = waiting.pop()
            if here in self.places:
                continue
            for link in self.open(here):
                url, place = urldefrag(link)
                if not url.startswith("file:"):
                    continue
                self.links.add((here, url, unquote(place)))
                if url.endswith(".html") and self.exists(url):
                    waiting.append(url)
        for here, url, place in sorted(self.links):
            if not self.exists(url):
                self.complaints.append(f"{here}: leads to {url}, which is not there")
            elif place and url in self.places and place not in self.places[url]:
                self.complaints.append(f"{here}: leads to {url}#{place}, a place that is not there")

    def exists(self, url):
        return url.startswith(self.root) and pathlib.Path(unquote(url.removeprefix("file://"))).exists()

    def search(self, word):
        """Types into the search field and waits for a result with that word."""
        self.page.goto(f"{self.root}/index.html", wait_until="load")
        self.page.locator("#MSearchField").press_sequentially(word)
        results = self.page.frame_locator("#MSearchResults")
        results.locator(f"a.SRSymbol:has-text('{word}')").first.wait_for(state="attached", timeout=10_000)


def check(browser, folder):
    """The complaints about the site, and how many pages and links it has."""
    site = Site(browser, folder)
    site.follow(f"{site.root}/index.html")
    return site, site.complaints


def check_can_fail(browser):
    """A page that is missing, a place that is missing and a script that throws are each noticed."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for wrong in ("<a href='none.html'>x</a>", "<a href='#none'>x</a>", "<script>throw new Error('x')</script>", "<img src='none.png'>"):
            (folder / "index.html").write_text(f"<!doctype html><title>x</title>{wrong}")
            _, complaints = check(browser, folder)
            assert complaints, f"nobody notices {wrong}"


def main():
    folder = pathlib.Path(sys.argv[1])
    program = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--allow-file-access-from-files"])
        check_can_fail(browser)
        site, complaints = check(browser, folder)
        for complaint in complaints[:20]:
            print(complaint)
        assert not complaints, f"{len(complaints)} complaints"
        assert len(site.places) > 50, f"only {len(site.places)} pages are reached"
        site.search("kpn_uplink_begin")
        assert not site.complaints, site.complaints
        print(f"{len(site.places)} pages, {len(site.links)} links followed in {browser.version}")
        browser.close()


main()
