"""What other programs and languages call the keys of front matter."""

from __future__ import annotations

# What is meant -> as site generators, newsletter services and other languages call it.
_MEANT = {
    "title": "headline heading titel titre titulo título titolo tytuł naslov otsikko überschrift"
    " ueberschrift rubrik overskrift заголовок название כותרת عنوان العنوان 标题 標題 タイトル"
    " 제목 başlık τίτλος název cím titlu títol",
    "subject": "subject_line email_subject mail_subject betreff objet asunto assunto oggetto onderwerp emne"
    " ämne temat předmět tárgy subiect konu θέμα тема נושא الموضوع 件名 主题 主題 주제",
    "date": "datum fecha data dato pubdate published_at publish_date publishdate created created_at дата"
    " תאריך التاريخ tarih dátum ημερομηνία 日付 日期 날짜",
    "slug": "permalink url_name basename",
    "lang": "language locale sprache langue idioma lingua taal språk sprog",
    "description": "summary excerpt preheader preview preview_text previewtext custom_excerpt"
    " meta_description beschreibung zusammenfassung descripción resumen résumé descrição",
    "list": "liste lista mailing_list mailinglist audience recipients newsletter verteiler empfänger"
    " empfaenger liste_de_diffusion lijst список רשימה",
    "template": "vorlage modèle plantilla",
    "draft": "entwurf brouillon borrador rascunho bozza",
    "from": "sender from_name from_email mail_from absender von expéditeur expediteur remitente remetente"
    " mittente",
    "reply_to": "replyto answer_to antwort_an répondre_à responder_a",
    "kicker": "overline eyebrow roofline dachzeile",
    "epigraph": "motto epigram quote citation zitat",
    "standfirst": "subtitle subhead subheading deck dek lead lede intro teaser untertitel vorspann sous_titre"
    " subtítulo sottotitolo chapeau",
    "byline": "author authors writer autor autorin auteur autore verfasser written_by שם_הכותב מאת الكاتب"
    " автор yazar szerző 著者 作者 저자",
    "attachments": "attachment attach files enclosure enclosures anhang anhänge pièces_jointes adjuntos",
    "params.masthead": "masthead nameplate publication brand kopf titelkopf",
    "params.place": "place location ort lieu lugar",
    "params.dateline": "dateline",
    "params.number": "number issue issue_number volume nummer ausgabe numéro número",
    "params.imprint": "imprint impressum colophon",
    "params.accent": "accent accent_color colour color",
    "params.font": "font font_family",
    "params.logo": "logo",
    "params.width": "width",
}
SYNONYMS = {word: key for key, words in _MEANT.items() for word in words.split()}

# How others say that something is not to go out, and the values with which they say it is.
UNREADY = ("published", "publish", "status", "visibility", "public")
READY = frozenset(["true", "yes", "on", "1", "published", "publish", "public", "ready", "final", "live", ""])

# What programs note about a text, and nobody prints: two of these at its head are no article.
_NOTED = (
    "to an cc bcc à para tags tag categories category kategorie kategorien schlagworte keywords created"
    " created_at created_time created_by modified updated lastmod last_modified last_edited last_edited_time"
    " last_edited_by aliases layout mime_version content_type message_id toc uid id verification"
)
NOT_PRINTED = frozenset(_NOTED.split())
