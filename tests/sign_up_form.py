"""A form to sign up by, in two languages, with a question and a consent."""

FORM = """\
[[field]]
name = "name"
label = { en = "Your name", ar = "اسمك" }
[[field]]
name = "terms"
type = "consent"
label = { en = "You may keep my address.", ar = "يمكنكم حفظ عنواني." }
version = "1"
required = true
"""
