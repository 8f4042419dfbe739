"""Mails sent through the sandbox can be awaited, read and followed."""

import smtplib
import threading
from email.message import EmailMessage
from email.mime.text import MIMEText

import pytest

from tests.sandbox.running import PATIENCE_SECONDS, RunningSandbox

VERIFY = "https://purser.example/verify/Mw:1vABC:x-y_?next=/wallet&lang=zh"


def mail(*, to: str = "alice@example.com", subject: str = "Hello", text: str = "Hi.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Purser <hello@purser.example>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content(text)
    return message


def test_a_mail_is_kept_as_it_was_sent(sandbox: RunningSandbox) -> None:
    sandbox.send_mail(mail(subject="请验证您的邮箱", text=f"请点击链接完成验证：{VERIFY}。\n"))

    (kept,) = sandbox.mails()

    assert kept["to"] == ["alice@example.com"]
    assert kept["sender"] == "hello@purser.example"
    assert kept["subject"] == "请验证您的邮箱"
    assert kept["text"] == f"请点击链接完成验证：{VERIFY}。\n"
    assert kept["links"] == [VERIFY]
    assert ["From", "Purser <hello@purser.example>"] in kept["headers"]


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64", "8bit"])
def test_every_transfer_encoding_is_read(sandbox: RunningSandbox, encoding: str) -> None:
    message = mail()
    message.set_content("=邮件= 内容\n", cte=encoding)

    sandbox.send_mail(message)

    assert sandbox.mails()[0]["text"] == "=邮件= 内容\n"


@pytest.mark.parametrize("charset", ["gb18030", "big5", "iso-2022-jp"])
def test_old_charsets_are_read(sandbox: RunningSandbox, charset: str) -> None:
    message = MIMEText("中文", _charset=charset)
    message["Subject"] = "old"

    send_raw(sandbox, message.as_bytes())

    assert sandbox.mails()[0]["text"].strip() == "中文"


def test_a_charset_that_nobody_knows_is_no_obstacle(sandbox: RunningSandbox) -> None:
    send_raw(sandbox, "Content-Type: text/plain; charset=klingon\r\n\r\n中文".encode())

    assert sandbox.mails()[0]["text"].strip() == "中文"


def send_raw(sandbox: RunningSandbox, content: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=PATIENCE_SECONDS) as smtp:
        smtp.sendmail("raw@purser.example", ["alice@example.com"], content)


def test_both_parts_of_a_multipart_mail_are_read(sandbox: RunningSandbox) -> None:
    message = mail(text="plain 文本\n")
    message.add_alternative("<p>rich 文本</p>\n", subtype="html")
    message.add_attachment("attached", filename="note.txt")

    sandbox.send_mail(message)

    (kept,) = sandbox.mails()
    assert (kept["text"], kept["html"]) == ("plain 文本\n", "<p>rich 文本</p>\n")


def test_mails_are_found_by_recipient_whatever_the_case(sandbox: RunningSandbox) -> None:
    sandbox.send_mail(mail(to="Bob@Example.com"))
    sandbox.send_mail(mail(to="carol@example.com"))

    found = sandbox.mails(to="bob@example.COM")

    assert [found_mail["to"] for found_mail in found] == [["Bob@Example.com"]]


def test_the_newest_mail_comes_first_and_older_ones_can_be_left_out(sandbox: RunningSandbox) -> None:
    sandbox.send_mail(mail(subject="first"))
    first = sandbox.mails()[0]
    sandbox.send_mail(mail(subject="second"))

    assert [kept["subject"] for kept in sandbox.mails()] == ["second", "first"]
    assert [kept["subject"] for kept in sandbox.mails(since=first["id"])] == ["second"]


def test_the_mailbox_can_be_emptied(sandbox: RunningSandbox) -> None:
    sandbox.send_mail(mail())

    answer = sandbox.request("DELETE", "/mailbox.json")

    assert answer.status_code == 204
    assert sandbox.mails() == []


def test_the_newest_500_are_kept(sandbox: RunningSandbox) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=PATIENCE_SECONDS) as smtp:
        for number in range(501):
            smtp.send_message(mail(subject=f"mail {number}"))

    subjects = [kept["subject"] for kept in sandbox.mails()]
    assert (len(subjects), subjects[0], subjects[-1]) == (500, "mail 500", "mail 1")


def test_a_mail_can_be_awaited(sandbox: RunningSandbox) -> None:
    later = threading.Timer(0.2, sandbox.send_mail, [mail(to="dave@example.com")])
    later.start()
    sandbox.send_mail(mail(to="not-dave@example.com"))

    awaited = sandbox.mails(to="dave@example.com", wait=60)  # longer than the test has patience

    later.join()
    assert [kept["to"] for kept in awaited] == [["dave@example.com"]]


def test_a_wait_in_vain_ends_with_nothing(sandbox: RunningSandbox) -> None:
    assert sandbox.mails(to="nobody@example.com", wait=1) == []


def test_an_unreadable_wait_is_refused(sandbox: RunningSandbox) -> None:
    assert sandbox.request("GET", "/mailbox.json", params={"wait": "long"}).status_code == 400


def test_the_page_lists_mails_without_running_what_they_say(sandbox: RunningSandbox) -> None:
    sandbox.send_mail(mail(subject="<script>alert(1)</script> 你好"))
    mail_id = sandbox.mails()[0]["id"]

    listed = sandbox.request("GET", "/mailbox")

    assert "alice@example.com" in listed.text
    assert f'<a href="/mailbox/{mail_id}">&lt;script&gt;alert(1)&lt;/script&gt; 你好</a>' in listed.text


def test_an_empty_mailbox_says_so(sandbox: RunningSandbox) -> None:
    assert "No mail yet." in sandbox.request("GET", "/mailbox").text


def test_the_page_of_a_mail_shows_headers_and_links_to_follow(sandbox: RunningSandbox) -> None:
    sandbox.send_mail(mail(subject="", text=f"Open <{VERIFY}>, or (https://a.example/b).\n"))
    mail_id = sandbox.mails()[0]["id"]

    shown = sandbox.request("GET", f"/mailbox/{mail_id}").text

    escaped = VERIFY.replace("&", "&amp;")
    assert "<h1>(no subject)</h1>" in shown
    assert "Purser &lt;hello@purser.example&gt;" in shown
    assert f'Open &lt;<a href="{escaped}">{escaped}</a>&gt;, or' in shown
    assert '(<a href="https://a.example/b">https://a.example/b</a>).' in shown
    assert "<iframe" not in shown


def test_the_html_of_a_mail_is_shown_locked_in(sandbox: RunningSandbox) -> None:
    message = mail()
    message.add_alternative("<p onclick='alert(1)'>你好</p>", subtype="html")
    sandbox.send_mail(message)
    mail_id = sandbox.mails()[0]["id"]

    html = sandbox.request("GET", f"/mailbox/{mail_id}/html")

    assert "你好" in html.text
    assert html.headers["Content-Security-Policy"].startswith("sandbox allow-popups ")
    assert "default-src 'none'" in html.headers["Content-Security-Policy"]
    frame = sandbox.request("GET", f"/mailbox/{mail_id}").text
    assert f'sandbox="allow-popups allow-popups-to-escape-sandbox" src="/mailbox/{mail_id}/html"' in frame


@pytest.mark.parametrize("path", ["/mailbox/999999", "/mailbox/999999/html"])
def test_a_mail_that_is_not_kept_is_not_found(sandbox: RunningSandbox, path: str) -> None:
    assert sandbox.request("GET", path).status_code == 404
