"""Mails go to those who have an address."""

from django.core.mail import EmailMessage

from config.kit import mail


def _send(to: list[str]) -> None:
    mail.send(subject="Rates", template="marketplace/mail/losing_rates.txt", context={"url": "here"}, to=to)


def test_a_mail_is_made_of_its_template(mailoutbox: list[EmailMessage]) -> None:
    _send(["ada@example.com", ""])
    assert [(sent.subject, sent.to) for sent in mailoutbox] == [("Rates", ["ada@example.com"])]
    assert "here" in mailoutbox[0].body


def test_a_customer_without_an_address_is_passed_over(mailoutbox: list[EmailMessage]) -> None:
    _send([""])
    assert mailoutbox == []
