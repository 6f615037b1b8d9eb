"""What mail servers say in English, by reason. Data only; the first group in which a phrase is found holds.

A phrase is searched for in words without case, addresses and links; `…` stands for anything, up to
`classify.GAPS` characters. Commas stand between phrases. The order is that of caution: a limit or a full
mailbox passes, whatever code comes with it; what is about us is not the person's doing; only then may the
mailbox be gone.
"""

from __future__ import annotations

from mailer.domain.failures.reason import FailureReason

PHRASES: tuple[tuple[FailureReason, str], ...] = (
    (
        # Gmail: support.google.com/a/answer/3726730; Microsoft: learn.microsoft.com, non-delivery reports
        FailureReason.THROTTLED,
        """
            rate that prevents, receiving mail too quickly, too quickly, try again in, frequency limited,
            graylist, greylist, too many concurrent, rate limit, ratelimit, throttl,
            exceeded the max emails per hour, per hour … exceeded, limit exceeded for, message rate,
            sending rate, receiving limits, slow down, slower, unusual rate of mail, unexpected volume
        """,
    ),
    (
        FailureReason.UNREACHABLE,
        """
            not found … try again
        """,
    ),
    (
        FailureReason.TROUBLE,
        """
            temporarily … disabled, temporarily … suspended
        """,
    ),
    (
        FailureReason.FULL,
        """
            mailbox full, mail box full, inbox full, inbox is out of storage, out of storage, full mailbox,
            over the maximum allowed, quota full, exceeded the local limit, out of quota, out of space,
            disk quota, mailbox size limit, mailbox limit, storage limit, reached its limit,
            not enough … space, does not have enough space, insufficient … space, space has been used up,
            too many messages on the server, too many messages in, recipientstorefull,
            mapiexceptionshutoffquotaexceeded, user is over, user's … quota, maximum mailbox size
        """,
    ),
    (
        FailureReason.SPAM,
        """
            spam, antispam, unsolicited, junk mail, blocked by our content filter, content filter,
            content rejected, content denied, content restriction, message content, detected as, high risk,
            low reputation of the sending domain, rejected due to url, suspicious, phish, content … blocked,
            contained unsafe content, message filtered, uribl, surbl, [cs01], dt:spm, hvu:b
        """,
    ),
    (
        FailureReason.REPUTATION,
        """
            blacklist, black list, blocklist, block list, blocked list, blocked using, block by, denylist,
            deny list, dnsbl, dnswl, rbl, spamhaus, barracuda, spamcop, sorbs, senderbase, senderscore,
            proofpoint … blocked, reputation, bad ip, invalid ip, banned, your ip, sending ip, host … blocked,
            ip … blocked, blocked … ip, blocked for abuse, ip name lookup failed, rdns, ptr record, dns ptr,
            hostname … not found, find your hostname, dynamic ip, generic dns, open proxy,
            helo command rejected, not accepting mail from, not accepting connections,
            no access from mail server, abuse detected, user complaints, permanently deferred, rtr:,
            rate limited due to ip reputation,
            bad reverse, tss0, tss1, access from, network … not allowed, part of their network,
            you are not allowed to connect, sender ip, mail server … blocked
        """,
    ),
    (
        FailureReason.AUTHENTICATION,
        """
            dmarc, dkim, fails to pass authentication, sender policy framework, not passed validation,
            unauthenticated, unauthenticated email, authentication check, authentication information,
            message does not pass, is not authorized to send, not allowed to send from, not permitted to send,
            starttls, requires tls, tls required
        """,
    ),
    (
        FailureReason.CONTENT,
        """
            virus, malware, malicious, infected, attachment type, file attachment, containing attachments,
            executable, illegal character, not rfc, rfc compliant, rfc 5322, rfc 2822, rfc 822, mime, bare lf,
            bare cr, line too long, line length, line limit, header … not accepted, header error, 8-bit data,
            8bit, dangerous
        """,
    ),
    (
        FailureReason.TOO_LARGE,
        """
            message size exceed, message exceed, size limit, too large for, maximum message size,
            max message size, message length exceed, fixed maximum, header size exceed
        """,
    ),
    (
        FailureReason.POLICY,
        """
            administrative prohibition, administratively prohibited, administrator … blocked, prohibited,
            organizational settings, rejected by header, you are not allowed to post, not allowed to send,
            not permitted to mail, not authorized to, members-only, non-member, not a member of the list,
            moderated, moderator, closed mailing list, not subscribed, access denied … bad, restricted,
            rejected by the recipient, blocked by the recipient, recipient preferences, refused by recipient,
            user rules, user reject, user filter, rejected by user, only accepting mail from, resolver.rst,
            sender not, sender address has, sender address is, sender address does, invalid sender address,
            sender verify, sender is, sender id, sender domain, weren't sent, rejected by recipient,
            rejected by the user, refused by user, does not comply, delivery not authorized, not authorized,
            a problem occurred, sender email, after mail from,
            in reply to mail from, after helo, after ehlo, in reply to helo, in reply to ehlo,
            after initial connection, my name was rejected, null sender, empty sender, empty envelope sender,
            invalid sender, envelope sender, envelope blocked, mail from … rejected, mail from … refused,
            domain of sender, from: domain, valid from:, mass mail, bouncedeny, challenge,
            confirm this mail server
        """,
    ),
    (
        # RFC 7505, RFC 7504
        FailureReason.NO_DOMAIN,
        """
            does not accept mail, does not accept email, nullmx, null mx, domain must exist,
            mail domain mentioned … unknown, name or service not known, illegal host/domain,
            couldn't find any host named, cannot find host, no mx record, no smtp service,
            find a mail exchanger, unrouteable mail domain, unroutable mail domain,
            bad destination mailbox system, bad destination system, nxdomain, domain has no
        """,
    ),
    (
        FailureReason.MOVED,
        """
            has been replaced by, not local … please try, has moved to, has changed … address,
            address has changed, no longer forwarded, please use the new address
        """,
    ),
    (
        FailureReason.DISABLED,
        """
            account is blocked, account blocked, mailbox is blocked, mailbox blocked, user … deleted,
            user … terminated, marked as inactive, extended inactivity, out of service,
            no longer accepts mail, no longer accepts, no longer active, no longer available,
            no longer in use, no longer valid, no longer works, no longer employed, no longer on server,
            no longer with, not accepting any mail, not accepting mail, not currently being accepted,
            has left the, no longer an employee, no longer works here, former employee,
            closed due to inactivity, due to inactivity, user hangup, mail hangup, has expired, been closed,
            been deleted, suspend the service
        """,
    ),
    (
        FailureReason.NO_MAILBOX,
        """
            user missing, recipient is not accepted, recipient not accepted,
            recipient is not in, recipient … not in, badrecipientto, badrcptto, validrcptto,
            recipientnotfound, recipient notfound, recipnotfound, rejected recipient, rejected: invalid,
            mailbox name not allowed, no such mail drop, bad destination mailbox,
            address … could not be found, address … couldn't be found, address error, address is wrong,
            not a valid email, bad destination, unknown e-mail, unknown email, unknown local,
            unknown or illegal, unknown virtual, account that you tried to reach, no such object,
            no one by that name, no one at this address, nobody by that name, unrouteable local,
            not listed in, not present in directory, not found in directory, name directory, not in my list,
            is not recognized, not recognised, not a recognized, could not be found, couldn't be found,
            wasn't found at, was not found at, name is not found, delivery error: dd,
            invalid final delivery, history of bouncing, suppressed sending to this address,
            on the suppression list, previously bounced, bounced address, unavailable mail user,
            unavailable user, not a member of domain, not user of, not known, unknown to this,
            no one with that, nobody with that, no email address, no such email, not exists, don't exist,
            path … exist, lookup … failed, cannot be verified, can't be verified, incorrectly addressed,
            not activated, is not registered, not registered, no longer on this, does not have … account,
            doesn't have … account, isn't a valid, recipient not allowed, no route found to domain,
            destination address, does not exist, doesn't exist, unable to find
        """,
    ),
    (
        FailureReason.UNREACHABLE,
        """
            timed out, timeout, connection refused, connection reset, connection dropped,
            connection … dropped, connection failure, connect to, could not connect, couldn't connect,
            not connect, lost connection, no route to host, unreachable, not reachable, did not respond,
            not responding, no answer, name server, nameserver, temporary lookup failure, lookup failure,
            retry time not reached, retry timeout exceeded, retries exceeded, too old, expired,
            queue too long, too many hops, hop count, loop, network, failing for a long time, all relevant mx,
            delivery time
        """,
    ),
    (
        FailureReason.TROUBLE,
        """
            command died, command failed, mailer error, system error, internal error, internal server error,
            local error, local problem, local configuration error, local delivery failed, config error,
            configuration error, misconfigured, temporary failure, temporarily, system full,
            system not accepting, queue file write error, cannot create, can't create, could not create,
            failed to create, permission denied, service unavailable, service currently unavailable,
            service not available, out of memory, cannot append, i/o error, input/output error, deferred,
            unable to deliver message after, requested mail action aborted, storedrv,
            processing error
        """,
    ),
    (
        FailureReason.NO_MAILBOX,
        """
            recipient address rejected, recipient rejected, address rejected, envelope recipient
        """,
    ),
    (
        # What filters answer who say no more.
        FailureReason.POLICY,
        """
            refused to talk to me, denied, refused, blocked, not accepted, unacceptable
        """,
    ),
)  # fmt: skip

# What says so little that a status is believed rather.
VAGUE = """
    recipient address rejected, recipient rejected, address rejected, envelope recipient, restricted,
    service unavailable, service currently unavailable, service not available, refused to talk to me
"""
