#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The simulator's page in a real Chromium: C examples send, the page shows it, what is entered there reaches the device.

run.py SIMULATOR EXCHANGE FIRMWARE DEVICE [PICTURES]: the programs, the device's configuration, and a folder for a picture of each view.
Whatever the browser complains about is a failure: an error in the console, a script that throws, a request that fails or leaves this machine.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from playwright.sync_api import expect, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LIFE = 120  # seconds of the simulator at most
WAIT = 10_000  # milliseconds for what a slow machine may take
URN, OTHER = "urn:dev:IMEI:490154203237518", "urn:dev:IMEI:356938035643809"
MARKUP = "<img src=x onerror=document.title='taken'><b>bold</b>"
README = pathlib.Path(__file__).parents[2] / "simulator/README.md"
# Width and height of a desk's window and of a phone's.
SIZES = ((1280, 860), (390, 844))

expect.set_options(timeout=WAIT)


class Desk:
    """A simulator, and devices that talk to it."""

    def __init__(self, programs, folder):
        self.simulator, self.exchange, self.firmware, self.config = programs
        self.folder = folder
        self.secret = json.loads(pathlib.Path(self.config).read_text())["secret"]
        self.phone = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.take_sms, daemon=True).start()
        phone = "%s:%d" % self.phone.getsockname()
        ports = folder / "port", folder / "api-port"
        self.process = subprocess.Popen(
            [self.simulator, "--listen", "127.0.0.1:0", "--port-file", ports[0], "--api", "127.0.0.1:0", "--api-port-file", ports[1]]
            + ["--device", f"{URN}={self.secret}", "--device", OTHER, "--sms-to", phone, "--max-seconds", str(LIFE), "--quiet"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            if all(port.exists() for port in ports):
                break
            time.sleep(0.05)
        self.port, api = (int(port.read_text()) for port in ports)
        self.url = f"http://127.0.0.1:{api}"

    def take_sms(self):
        with contextlib.suppress(OSError):
            while True:
                stream, _ = self.phone.accept()
                with stream:
                    while stream.recv(1000):
                        pass

    def send(self, ends=0):
        """The C example sends a message; what it says."""
        ran = subprocess.run([self.exchange, self.config, "127.0.0.1", str(self.port)], capture_output=True, text=True, timeout=30)
        assert ran.returncode == ends, f"exchange ended with {ran.returncode} instead of {ends}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    def send_body(self, body, token=None):
        """A message of a device that is not ours, without a token or with this one."""
        field = f"Things-Message-Token: {token}\r\n" if token else ""
        head = f"POST /ingestion/m2m/senml/v1 HTTP/1.1\r\nHost: m.m\r\n{field}Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.port), 10) as stream:
            stream.sendall((head + body).encode())
            answer = b""
            while chunk := stream.recv(4096):
                answer += chunk
        return int(answer.split(b" ")[1])

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.phone.close()


def watch(page, url, complaints):
    """Collects everything that is wrong."""
    page.on("console", lambda message: complaints.append(f"console: {message.text}") if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on("request", lambda request: None if request.url.startswith(url + "/") else complaints.append(f"asks elsewhere: {request.url}"))
    page.on("response", lambda response: complaints.append(f"{response.status}: {response.url}") if response.status >= 400 else None)


def tab(page, name):
    return page.get_by_role("navigation").get_by_role("link", name=name)


def go(page, name):
    tab(page, name).click()
    page.wait_for_selector(f"main.view-{name.lower()}")


def newest(page):
    return page.locator(".rows a").first


def plain(command):
    return " ".join(command.replace("\\\n", " ").split())


def the_first_look_is_as_the_pages_say(desk, page, _):
    expect(page.get_by_text("Waiting for the first message")).to_be_visible()
    expect(page.locator("#live")).to_have_text("live")
    command = page.locator(".empty pre").inner_text()
    text = README.read_text()
    told = text[text.index("curl 127.0.0.1:8080/") :]
    assert plain(command) == plain(told[: told.index("```")]), f"the page has another command than {README}: {command}"
    subprocess.run(["sh", "-euc", command.replace(":8080/", f":{desk.port}/")], check=True, capture_output=True, timeout=30)
    expect(newest(page)).to_contain_text("temperature 20.5")
    newest(page).click()
    expect(page.get_by_role("article", name="Message").locator(".title .badge")).to_have_text("accepted")
    page.keyboard.press("Escape")


def shows_what_a_device_sends(desk, page, _):
    delays = []
    for number in range(2, 5):
        desk.send()
        sent = time.monotonic()
        page.wait_for_selector(f'.rows a[data-number="{number}"]', timeout=WAIT)
        delays.append(time.monotonic() - sent)
    # The best of some, since the machine may be busy with something else.
    assert min(delays) < 1, f"shown after {delays} seconds"
    newest(page).click()
    detail = page.get_by_role("article", name="Message")
    expect(detail.locator(".title .badge")).to_have_text("accepted")
    expect(detail.locator(".facts")).to_contain_text("right")
    expect(detail.get_by_role("row").filter(has_text="temperature")).to_contain_text("20.5")
    expect(detail.locator("pre.request")).to_contain_text("Things-Message-Token: ")
    expect(detail.locator("mark")).to_have_count(0)
    assert desk.secret not in page.content(), "the secret is on the page"


def a_downlink_reaches_the_device(desk, page, _):
    go(page, "Devices")
    page.get_by_role("link", name=URN.removeprefix("urn:dev:")).click()
    detail = page.get_by_role("article", name="Device")
    expect(detail.locator(".card").filter(has_text="temperature").locator("svg")).to_be_visible()
    form = page.get_by_role("form", name="New downlink")
    queue = form.get_by_role("button", name="Queue")
    # What is no SenML is not queued, and the reason stands there.
    queue.click()
    expect(form.get_by_role("alert")).to_contain_text("a name is needed")
    form.get_by_label("name of record 1").fill("valve")
    form.get_by_label("value of record 1").fill("01")
    expect(form.get_by_role("alert")).to_contain_text("a number is written as in JSON")
    assert "the valve is now" not in desk.send()
    form.get_by_label("kind of record 1").select_option("vb")
    form.get_by_label("value of record 1").select_option("true")
    expect(form.locator(".preview")).to_have_text(f'[{{"bn":"{URN}:"}},{{"n":"valve","vb":true}}]')
    queue.click()
    rows = detail.locator("[data-downlink]")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("pending")
    assert "the valve is now open" in desk.send(), "the device did not act on the downlink"
    expect(rows.first).to_contain_text("delivered")
    # Another one is taken back.
    form.get_by_label("name of record 1").fill("valve")
    form.get_by_label("value of record 1").fill("1e-3")
    queue.click()
    expect(rows).to_have_count(2)
    rows.first.get_by_role("button", name="Cancel").click()
    expect(rows.first).to_contain_text("cancelled")
    assert "downlink" not in desk.send(), "a cancelled downlink was delivered"


def mistakes_are_marked_in_the_bytes(desk, page, complaints):
    body = f'[{{"bn":"{URN}:"}},{{"n":"temperature","u":"Cel","v":"20.5"}}]'
    assert desk.send_body(body, "0" * 64) >= 400
    go(page, "Messages")
    expect(newest(page)).to_contain_text("refused")
    newest(page).click()
    detail = page.get_by_role("article", name="Message")
    expect(detail.locator(".title .badge")).to_have_text("refused")
    marked = detail.locator("pre.request mark")
    expect(marked.filter(has_text='"v":"20.5"')).to_have_count(1)
    reasons = detail.locator(".mistakes li")
    expect(reasons.first).to_be_visible()
    reasons.first.get_by_role("button").click()
    focused = page.evaluate("document.activeElement.id")
    assert focused == "mark-1", f"the focus is on {focused!r}"
    detail.get_by_role("button", name="bytes").click()
    expect(detail.locator("pre.hex mark").first).to_be_visible()
    detail.get_by_role("button", name="text").click()


def what_a_device_sends_is_never_markup(desk, page, _):
    body = json.dumps([{"bn": f"{OTHER}:"}, {"n": "text", "vs": MARKUP}, {"n": "latitude", "u": "lat", "v": 52.01}, {"n": "longitude", "u": "lon", "v": 4.36}])
    assert desk.send_body(body) == 202
    expect(newest(page)).to_contain_text("<b>bold</b>")
    newest(page).click()
    expect(page.get_by_role("article", name="Message").locator("table")).to_contain_text(MARKUP)
    page.get_by_role("article", name="Message").get_by_role("link", name=OTHER.removeprefix("urn:dev:")).click()
    expect(page.get_by_role("img", name="Map")).to_be_visible()
    expect(page.locator(".texts")).to_contain_text(MARKUP)
    assert page.locator("img:not([src='/icon.svg']), main b b").count() == 0, "markup of a device is an element"
    assert "taken" not in page.title()


def a_fault_is_a_switch(desk, page, _):
    go(page, "Faults")
    switch = page.get_by_role("switch", name="status", exact=True)
    row = page.locator(".switches li", has=switch)
    row.get_by_label("times").fill("1")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    desk.send(ends=1)
    desk.send(ends=0)
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(page.locator("[data-count=faults]")).to_have_text("")


def an_sms_is_delivered(desk, page, _):
    go(page, "SMS")
    page.get_by_label("Device").select_option(URN)
    page.get_by_label("Text").fill("wake up")
    page.get_by_role("button", name="Send").click()
    card = page.locator(".card").filter(has_text="wake up")
    expect(card).to_contain_text("delivered")
    expect(card.get_by_role("img")).to_have_attribute("aria-label", "1 attempts, the last after 0 µs, delivered")


def firmware_is_fetched(desk, page, _):
    image = desk.folder / "app-1.1.0.bin"
    image.write_bytes(b"\x3d\xb8\xf3\x96" + hashlib.shake_256(b"image").digest(19_996))
    go(page, "Firmware")
    page.get_by_label("Image").set_input_files(image)
    page.get_by_label(URN.removeprefix("urn:dev:")).check()
    page.get_by_role("button", name="Announce").click()
    card = page.locator(".card").filter(has_text=image.name)
    expect(card).to_contain_text("announced")
    got = desk.folder / "got"
    ran = subprocess.run([desk.firmware, desk.config, desk.folder / "state", got, "127.0.0.1", str(desk.port)], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert got.read_bytes() == image.read_bytes()
    expect(card).to_contain_text("complete")


def keys_do_what_the_pointer_does(desk, page, _):
    page.locator("body").click(position={"x": 5, "y": 5})
    page.keyboard.press("2")
    expect(tab(page, "Devices")).to_have_attribute("aria-current", "page")
    page.keyboard.press("1")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    first = newest(page)
    expect(first).to_have_attribute("aria-current", "true")
    page.keyboard.press("j")
    expect(page.locator(".rows a").nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("k")
    expect(first).to_have_attribute("aria-current", "true")
    page.keyboard.press("/")
    page.keyboard.type("nothing has this text")
    expect(page.locator(".rows a")).to_have_count(0)
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    expect(page.locator(".rows a").first).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


STEPS = (
    the_first_look_is_as_the_pages_say,
    shows_what_a_device_sends,
    a_downlink_reaches_the_device,
    mistakes_are_marked_in_the_bytes,
    what_a_device_sends_is_never_markup,
    a_fault_is_a_switch,
    an_sms_is_delivered,
    firmware_is_fetched,
    keys_do_what_the_pointer_does,
)

# Controls that nothing names for those who do not see them.
NAMELESS = """[...document.querySelectorAll("button, input, select, a, [role=img]")].filter((each) => each.checkVisibility() &&
    !(each.ariaLabel || each.textContent.trim() || each.labels?.length || each.getAttribute("aria-labelledby"))).map((each) => each.outerHTML)"""


def every_view_fits(browser, desk, complaints, pictures):
    """At both widths and in both schemes: nothing is wider than the window, everything has a name."""
    urn = URN.replace(":", "%3A")
    views = {"messages": "messages", "accepted": "messages/1", "refused": None, "device": f"devices/{urn}"}
    views |= {name: name for name in ("devices", "sms", "firmware", "faults")}
    for width, height in SIZES:
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            watch(page, desk.url, complaints)
            page.goto(desk.url)
            page.wait_for_selector(".rows a")
            refused = page.locator(".rows a.bad").first.get_attribute("href")
            for name, view in views.items():
                page.goto(f"{desk.url}/{refused if view is None else '#/' + view}")
                page.wait_for_timeout(250)
                widest = page.evaluate("document.documentElement.scrollWidth")
                assert widest <= width, f"{name} is {widest} pixels wide in a window of {width}"
                nameless = page.evaluate(NAMELESS)
                assert nameless == [], f"{name}: {nameless}"
                if pictures:
                    page.screenshot(path=pictures / f"{name}-{width}-{scheme}.png")
            context.close()


def complaints_are_noticed(page, complaints):
    """A test of the test."""
    assert complaints == [], "\n".join(complaints)
    page.evaluate("""() => { console.error("on purpose"); setTimeout(() => { throw new Error("on purpose"); });
        fetch("/nothing"); const image = new Image(); image.src = "http://127.0.0.1:1/"; }""")
    page.wait_for_timeout(500)
    text = "\n".join(complaints)
    for expected in ("console: on purpose", "script: on purpose", "404: ", "Content Security Policy"):
        assert expected in text, f"{expected!r} is not noticed: {text}"


def main():
    *programs, last = sys.argv[1:6] if len(sys.argv) == 6 else [*sys.argv[1:5], ""]
    pictures = pathlib.Path(last) if last else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, "no Chromium"
    # A browser does not lock root in, and has no shared memory to speak of in a container.
    options = ["--disable-dev-shm-usage"] + (["--no-sandbox"] if os.getuid() == 0 else [])
    complaints = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        desk = Desk(programs, pathlib.Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=found, args=options)
            page = browser.new_page(viewport={"width": SIZES[0][0], "height": SIZES[0][1]})
            page.set_default_timeout(WAIT)
            watch(page, desk.url, complaints)
            page.goto(desk.url)
            for step in STEPS:
                step(desk, page, complaints)
                assert complaints == [], f"{step.__name__}: " + "\n".join(complaints)
                print(f"{step.__name__.replace('_', ' ')}: good")
            every_view_fits(browser, desk, complaints, pictures)
            complaints_are_noticed(page, complaints)
            browser.close()
        finally:
            desk.stop()


if __name__ == "__main__":
    main()
