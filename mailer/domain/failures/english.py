"""What mail servers say in English, by reason. Data only; the first group in which a phrase is found holds.

A phrase is searched for in words without case, addresses and links; `…` stands for anything, up to
`classify.GAP` characters. Commas stand between phrases. The order is that of caution: a limit or a full
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
            rate that prevents, receiving mail too quickly, too quickly, try again later, try again in,
            please retry later, please try later, frequency limited, graylist, greylist, too many connections,
            too many concurrent, too many messages, too many recipients, too many mails, too many sessions,
            too many emails, too many errors from, rate limit, ratelimit, throttl,
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
            temporarily … disabled, temporarily disabled, temporarily … suspended, temporarily suspended,
            temporarily inactive, temporarily locked, temporary locked, temporarily blocked,
            temporarily unavailable, temporarily not available
        """,
    ),
    (
        FailureReason.FULL,
        """
            mailbox full, mailbox is full, mailbox … is full, mail box full, mailbox for … is full,
            inbox is full, inbox full, inbox is out of storage, out of storage, full mailbox,
            mailfolder is full, over quota, overquota, over its quota, over the quota, over their quota,
            over disk quota, over mail quota, over storage quota, over the allowed quota,
            over the maximum allowed, quota exceeded, quota is exceeded, quota has been exceeded, quota full,
            quota violation, quota exceed, quota usage exceeded, quota for … exceeded, exceeded … quota,
            exceeds … quota, exceeding … quota, exceed … quota, exceeded … disk space, exceeded … storage,
            exceed … storage, exceeds … storage, exceeded the local limit, out of quota, out of space,
            disk quota, mailbox size limit, mailbox limit, storage limit, reached … quota, reached its limit,
            not enough … space, does not have enough space, insufficient … space, insufficient system storage,
            space has been used up, no space left, no storage space, not enough storage,
            too many messages on the server, too many messages in, recipientstorefull, quotaexceeded,
            mapiexceptionshutoffquotaexceeded, user is over, user's … quota, maximum mailbox size,
            box … is full
        """,
    ),
    (
        FailureReason.SPAM,
        """
            spam, antispam, bulk mail, bulk email, bulk e-mail, unsolicited, junk mail,
            blocked by our content filter, content filter, content rejected, content denied,
            content restriction, message content, detected as, high risk,
            low reputation of the sending domain, rejected due to url, suspicious, phish, content … blocked,
            contained unsafe content, message looks like, message filtered, uribl, surbl, [cs01], dt:spm,
            hvu:b
        """,
    ),
    (
        FailureReason.REPUTATION,
        """
            blacklist, black list, blocklist, block list, blocked list, blocked using, block by, denylist,
            deny list, dnsbl, dnswl, rbl, spamhaus, barracuda, spamcop, sorbs, senderbase, senderscore,
            proofpoint … blocked, reputation, bad ip, invalid ip, banned, your ip, ip address … blocked,
            sending ip, client host … blocked, client host rejected, host … blocked, ip … blocked,
            blocked … ip, blocked for abuse, ip name lookup failed, reverse dns, rdns, ptr record, dns ptr,
            reverse lookup, hostname … not found, find your hostname, dynamic ip, generic dns, open proxy,
            helo command rejected, not accepting mail from, not accept mail from, not accepting connections,
            refused to talk to me, no access from mail server, abuse detected, user complaints,
            rate limited due to ip reputation, bad reverse, reverse hostname, tss04, tss09, tss07,
            access from, network … not allowed, part of their network, you are not allowed to connect,
            sender ip, mail server … blocked
        """,
    ),
    (
        FailureReason.AUTHENTICATION,
        """
            dmarc, dkim, spf check, spf fail, spf record, spf validation, spf:, spf (, spf settings,
            spf validierung, fails to pass authentication, sender policy framework, not passed validation,
            unauthenticated, unauthenticated email, authentication required, authentication check,
            authentication information, message does not pass, must be authenticated,
            is not authorized to send, not allowed to send from, not permitted to send, starttls,
            requires tls, tls required
        """,
    ),
    (
        FailureReason.CONTENT,
        """
            virus, malware, malicious, infected, illegal attachment, attachment type,
            attachment … not allowed, file attachment, containing attachments, executable, illegal character,
            not rfc, rfc compliant, rfc 5322, rfc 2822, rfc 822, duplicate header, missing header, mime,
            bare lf, bare cr, line too long, line length, line limit, header … not accepted, header error,
            invalid header, 8-bit data, 8bit, dangerous
        """,
    ),
    (
        FailureReason.TOO_LARGE,
        """
            message too big, message too large, message is too large, message is too big,
            message file too big, message size exceed, message exceed, size limit, too large for,
            maximum message size, max message size, message length exceed, exceeds size,
            exceeds the maximum size, exceeded maximum inbound message size, exceeds fixed limit,
            fixed maximum, header size exceed
        """,
    ),
    (
        FailureReason.POLICY,
        """
            relaying denied, relaying not allowed, relay access denied, relay not permitted, relay denied,
            no relaying, not allowed to relay, unable to relay, not permitted to relay, relaying mail,
            administrative prohibition, administratively prohibited, administrator … blocked, prohibited,
            policy reasons, policy restriction, policy violation, violates … policy, security policy,
            security policies, local policy, due to policy, by policy, email policy, organizational settings,
            organization policy, rejected by header, you are not allowed to post, not allowed to send,
            not permitted to mail, not authorized to, members-only, non-member, not a member of the list,
            moderated, moderator, closed mailing list, not subscribed, access denied … bad, restricted,
            rejected by the recipient, blocked by the recipient, recipient preferences, refuses to receive,
            refused by recipient, user rules, user reject, user filter, rejected by user,
            only accepting mail from, resolver.rst, sender not, sender address rejected, sender address has,
            sender address is, sender address does, sender address … blocked, sender address … invalid,
            invalid sender address, sender rejected, sender denied, sender verify, sender is, sender id,
            sender domain, sender blocked, weren't sent, rejected by recipient, rejected by the user,
            refused by user, does not comply, delivery not authorized, not authorized, message refused,
            mail refused, a problem occurred, sender email, after mail from, in reply to mail from,
            after helo, after ehlo, in reply to helo, in reply to ehlo, after initial connection,
            my name was rejected, null sender, empty sender, empty envelope sender, invalid sender,
            envelope sender, envelope blocked, mail from … rejected, mail from … refused,
            from address … rejected, domain of sender, from: domain, valid from:, mass mail, bouncedeny,
            challenge, confirm this mail server
        """,
    ),
    (
        # RFC 7505, RFC 7504
        FailureReason.NO_DOMAIN,
        """
            does not accept mail, does not accept email, nullmx, null mx, domain does not exist,
            domain … does not exist, domain not found, domain … not found, domain is not found,
            domain must exist, no such domain, unknown domain, domain unknown,
            mail domain mentioned … unknown, domain name not found, dead domain, host unknown, unknown host,
            host not found, host or domain name not found, no such host, name or service not known,
            illegal host/domain, couldn't find any host named, cannot find host, no mx record,
            no smtp service, find a mail exchanger, unrouteable mail domain, unroutable mail domain,
            bad destination mailbox system, bad destination system, nxdomain, domain … invalid,
            invalid domain, domain has no, domain … no longer
        """,
    ),
    (
        FailureReason.MOVED,
        """
            has been replaced by, not local … please try, has moved to, user has moved, mailbox has moved,
            has changed … address, address has changed, new address is, no longer forwarded,
            please use the new address
        """,
    ),
    (
        FailureReason.DISABLED,
        """
            account … disabled, account disabled, account is disabled, account … suspended, account suspended,
            account … locked, account is locked, account is blocked, account blocked, account … inactive,
            account inactive, account … deactivated, account … closed, account has been closed,
            account … discontinued, account … terminated, account expired, account … expired,
            account … deleted, inactive account, mailbox disabled, mailbox is disabled, mailbox … disabled,
            mailbox … suspended, mailbox … inactive, mailbox is inactive, mailbox inactive, mailbox … frozen,
            mailbox … deactivated, mailbox is blocked, mailbox blocked, mailbox … locked, mailbox … closed,
            mailbox … not active, mailbox temporarily disabled, deactivated mailbox, disabled mailbox,
            disabled recipient, disabled user, user … disabled, user disabled, user … suspended,
            user suspended, user … inactive, user inactive, user … terminated, user … deactivated,
            user not active, user is not active, user … deleted, recipient … suspended, recipient … disabled,
            recipient … inactive, recipient … deactivated, email account … disabled, email address … disabled,
            address … inactive, address … disabled, address … no longer, marked as inactive,
            extended inactivity, archived recipient, out of service, no longer accepts mail,
            no longer accepts, no longer active, no longer available, no longer in use, no longer valid,
            no longer works, no longer employed, no longer on server, no longer with, not accepting any mail,
            not accepting mail, not currently being accepted, has left the, no longer an employee,
            no longer works here, former employee, closed due to inactivity, due to inactivity, user hangup,
            mail hangup, has expired, is terminated, is deactivated, is frozen, is inactive, is suspended,
            is disabled, been disabled, been deactivated, been suspended, been closed, been deleted,
            been discontinued, suspend the service
        """,
    ),
    (
        FailureReason.NO_MAILBOX,
        """
            user unknown, unknown user, user … unknown, unknown … user, user not found, user … not found,
            user was not found, user … not known, user not known, user … not exist, user does not exist,
            user doesn't exist, user … doesn't exist, user … doesn't have, user not exist, user not local,
            user … not listed, user … no such, user invalid, user missing, invalid user, invalid … user,
            invalid/inactive user, non-existent user, nonexistent user, no such user, no such local user,
            no such virtual user, not a known user, not a valid user, not a local user, recipient unknown,
            unknown recipient, recipient … unknown, recipient not found, recipient … not found,
            recipient was not found, recipient … does not exist, recipient … not exist,
            recipient … doesn't exist, recipient not exist, recipient not ok, recipient invalid,
            recipient … invalid, invalid recipient, no such recipient, no valid recipient,
            not a valid recipient, recipient is not accepted, recipient not accepted, recipient is not local,
            recipient is not in, recipient … not listed, recipient … not in, recipients … unknown,
            non-existent recipient, bad recipient, badrecipientto, badrcptto, validrcptto, recipientnotfound,
            recipient notfound, recipnotfound, recipient address rejected, recipient rejected,
            rejected recipient, rejected: invalid, addressee unknown, mailbox unavailable,
            mailbox not available, mailbox … unavailable, mailbox … not available, mailbox unknown,
            unknown mailbox, mailbox not found, mailbox … not found, mailbox does not exist,
            mailbox … does not exist, mailbox … not exist, mailbox … doesn't exist, mailbox doesn't exist,
            mailbox not present, mailbox invalid, mailbox name not allowed, invalid mailbox, no such mailbox,
            no such mail box, no such mail drop, no mailbox, no mail box, not a valid mailbox,
            non-existent mailbox, nonexistent mailbox, bad mailbox, bad destination mailbox,
            mailbox … invalid, address unknown, unknown address, address … unknown, address not found,
            address … not found, address … could not be found, address … couldn't be found,
            address does not exist, address … does not exist, address … not exist, address doesn't exist,
            address … doesn't exist, address error, address invalid, address … invalid, address is wrong,
            address rejected, address … not present, address not present, address … not listed,
            address … not valid, not a valid address, not a valid email, not an active address,
            invalid address, no such address, bad address, bad destination, non-existent address,
            not a local address, unknown e-mail, unknown email, unknown local, unknown or illegal,
            unknown alias, unknown virtual, account … not exist, account does not exist,
            account … doesn't exist, account not found, account … not found, account unavailable,
            account … unavailable, account that you tried to reach, account unknown, account … not available,
            account is not available, no account by, no such account, invalid account, no such person,
            no such object, no one by that name, no one at this address, nobody by that name,
            no mailbox here by that name, unrouteable address, unroutable address, unrouteable local,
            not listed in, not present in directory, not found in directory, name directory, not in my list,
            is not recognized, not recognised, not a recognized, could not be found, couldn't be found,
            wasn't found at, was not found at, name is not found, person unknown, delivery error: dd,
            invalid final delivery, history of bouncing, suppressed sending to this address,
            on the suppression list, previously bounced, bounced address, no valid recipients for,
            not our customer, wrong recipient, wrong address, wrong mailbox, wrong user, bad user,
            illegal user, illegal recipient, illegal address, unavailable mail user, unavailable user,
            not a member of domain, not user of, not a user, not known, unknown account, unknown to this,
            no one with that, nobody with that, no email address, no such email, not exists, don't exist,
            path … exist, lookup … failed, cannot be verified, can't be verified, incorrectly addressed,
            recipients are invalid, addresses are invalid, not activated, is not registered, not registered,
            no longer on this, does not have … account, doesn't have … account, address … is not a valid,
            isn't a valid, recipient not allowed, no route found to domain, destination address,
            envelope recipient, does not exist, doesn't exist, does not have an account, unable to find
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
            unable to deliver message after, requested mail action aborted, mail system, storedrv,
            processing error
        """,
    ),
    (
        # What filters answer who say no more.
        FailureReason.POLICY,
        """
            denied, refused, blocked, not accepted, unacceptable
        """,
    ),
)  # fmt: skip
