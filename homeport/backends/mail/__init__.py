"""Send a message: SMTP, Resend, SendGrid."""
