/* A mail server that takes everything and keeps nothing, to measure senders with.
 *
 *     sink [pipelining] [chunking]
 *
 * offers the extensions named, prints its port, and when its standard input ends prints one line of JSON:
 * messages and their octets, connections, commands that came earlier than the extensions offered allow
 * ("early"), the moments of the first and the last message (seconds on CLOCK_MONOTONIC), its own CPU seconds.
 *
 * One thread, one read buffer for all connections: it stays in the cache, and a connection keeps only what
 * a read left of a command line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ = 1 << 18, LINE = 2048, REPLIES = 8192, EVENTS = 256 };
enum phase { COMMAND, DATA, CHUNK };

struct connection {
    int fd;
    enum phase phase;
    bool sender, recipient; /* MAIL and RCPT were taken */
    bool last;              /* the chunk being read ends its message */
    bool leaving;
    size_t chunk;           /* octets of it still to come */
    int matched;            /* of END, at the end of what was read of the content */
    size_t line_length, replies_length;
    char line[LINE], replies[REPLIES];
};

static const char END[] = "\r\n.\r\n";
static bool pipelining, chunking;
static unsigned long messages, octets, connections, early;
static double first_message, last_message;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void flush(struct connection *c) {
    for (size_t sent = 0; sent < c->replies_length;) {
        ssize_t n = send(c->fd, c->replies + sent, c->replies_length - sent, MSG_NOSIGNAL);
        if (n > 0) {
            sent += n;
            continue;
        }
        struct pollfd writable = {.fd = c->fd, .events = POLLOUT};
        if (errno != EAGAIN || poll(&writable, 1, 10000) <= 0) {
            c->leaving = true;
            break;
        }
    }
    c->replies_length = 0;
}

static void reply(struct connection *c, const char *text) {
    size_t length = strlen(text);
    if (c->replies_length + length > REPLIES)
        flush(c);
    memcpy(c->replies + c->replies_length, text, length);
    c->replies_length += length;
}

static void message_taken(struct connection *c) {
    last_message = now();
    if (!messages++)
        first_message = last_message;
    c->sender = c->recipient = false;
    c->phase = COMMAND;
    reply(c, "250 2.0.0 taken\r\n");
}

static void begin_chunk(struct connection *c, const char *argument) {
    char *rest;
    c->chunk = strtoul(argument, &rest, 10);
    if (rest == argument) {
        reply(c, "501 5.5.4 BDAT needs a size\r\n");
        return;
    }
    c->last = strcasestr(rest, "LAST") != NULL;
    c->phase = CHUNK;
}

/* Put what differs from one EHLO to the next into one reply. */
static void offer(struct connection *c) {
    reply(c, "250-sink.test\r\n");
    if (pipelining)
        reply(c, "250-PIPELINING\r\n");
    if (chunking)
        reply(c, "250-CHUNKING\r\n");
    reply(c, "250-8BITMIME\r\n250 SIZE 104857600\r\n");
}

static bool is(const char *line, const char *verb) { return !strncasecmp(line, verb, strlen(verb)); }

static void command(struct connection *c, const char *line) {
    if (is(line, "MAIL FROM:")) {
        c->sender = true;
        c->recipient = false;
        reply(c, "250 2.1.0 sender\r\n");
    } else if (is(line, "RCPT TO:")) {
        c->recipient |= c->sender;
        reply(c, c->sender ? "250 2.1.5 recipient\r\n" : "503 5.5.1 MAIL first\r\n");
    } else if (is(line, "DATA")) {
        if (!c->recipient) {
            reply(c, "503 5.5.1 RCPT first\r\n");
            return;
        }
        reply(c, "354 go on\r\n");
        c->phase = DATA;
        c->matched = 2; /* the CRLF of the command counts: a lone dot may come at once */
    } else if (is(line, "BDAT ") && chunking) {
        begin_chunk(c, line + 5);
    } else if (is(line, "EHLO")) {
        offer(c);
    } else if (is(line, "RSET")) {
        c->sender = c->recipient = false;
        reply(c, "250 2.0.0 reset\r\n");
    } else if (is(line, "NOOP") || is(line, "HELO")) {
        reply(c, "250 2.0.0 well\r\n");
    } else if (is(line, "QUIT")) {
        reply(c, "221 2.0.0 bye\r\n");
        c->leaving = true;
    } else {
        reply(c, "500 5.5.1 unknown\r\n");
    }
}

/* RFC 2920 3.1: these end a group, so that nothing may follow them before their reply. */
static bool ends_group(const char *line) { return is(line, "DATA") || is(line, "EHLO") || is(line, "QUIT"); }

/* Each of these takes what it can of the `size` octets at `data` and returns how many that was. */

static size_t take_command(struct connection *c, const char *data, size_t size) {
    const char *end = memchr(data, '\n', size);
    size_t length = end ? (size_t)(end - data) + 1 : size;
    if (c->line_length + length >= LINE) {
        reply(c, "500 5.5.2 line too long\r\n");
        c->leaving = true;
        return size;
    }
    memcpy(c->line + c->line_length, data, length);
    c->line_length += length;
    if (!end)
        return length;
    c->line[c->line_length] = '\0';
    c->line_length = 0;
    bool chunk_follows = chunking && is(c->line, "BDAT");
    if (length < size && !chunk_follows && (!pipelining || ends_group(c->line)))
        early++;
    command(c, c->line);
    return length;
}

/* Go on with an end that the octets before may have begun. */
static size_t take_end(struct connection *c, const char *data, size_t size) {
    size_t used = 0;
    while (used < size && c->matched && c->matched < 5) {
        char octet = data[used++];
        c->matched = octet == END[c->matched] ? c->matched + 1 : octet == '\r';
    }
    return used;
}

static int begun_end(const char *data, size_t size) {
    for (int length = size < 4 ? (int)size : 4; length; length--)
        if (!memcmp(data + size - length, END, length))
            return length;
    return 0;
}

static size_t take_content(struct connection *c, const char *data, size_t size) {
    size_t used = take_end(c, data, size);
    if (c->matched < 5 && used < size) {
        const char *end = memmem(data + used, size - used, END, 5);
        c->matched = end ? 5 : begun_end(data + used, size - used);
        used = end ? (size_t)(end - data) + 5 : size;
    }
    octets += used;
    if (c->matched == 5) {
        message_taken(c);
        early += !pipelining && used < size;
    }
    return used;
}

static size_t take_chunk(struct connection *c, size_t size) {
    size_t used = size < c->chunk ? size : c->chunk;
    c->chunk -= used;
    octets += used;
    if (c->chunk)
        return used;
    early += !pipelining && used < size;
    c->phase = COMMAND;
    if (!c->recipient)
        reply(c, "503 5.5.1 RCPT first\r\n");
    else if (c->last)
        message_taken(c);
    else
        reply(c, "250 2.0.0 chunk\r\n");
    return used;
}

static void take(struct connection *c, const char *data, size_t size) {
    while (!c->leaving && (size || (c->phase == CHUNK && !c->chunk))) {
        size_t used = c->phase == COMMAND ? take_command(c, data, size)
                      : c->phase == DATA  ? take_content(c, data, size)
                                          : take_chunk(c, size);
        data += used;
        size -= used;
    }
}

static void serve(struct connection *c) {
    static char buffer[READ];
    ssize_t size = recv(c->fd, buffer, READ, 0);
    if (size > 0) {
        take(c, buffer, size);
        flush(c);
    }
    if (c->leaving || size == 0 || (size < 0 && errno != EAGAIN)) {
        close(c->fd);
        free(c);
    }
}

static void greet(int epoll, int listener) {
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *c = calloc(1, sizeof *c);
    c->fd = fd;
    connections++;
    reply(c, "220 sink.test ESMTP\r\n");
    flush(c);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = c});
}

static int listen_on_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1024)) {
        perror("sink");
        exit(1);
    }
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void tell(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
                 (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"messages\": %lu, \"octets\": %lu, \"connections\": %lu, \"early\": %lu, "
           "\"first\": %.6f, \"last\": %.6f, \"cpu\": %.6f}\n",
           messages, octets, connections, early, first_message, last_message, cpu);
}

int main(int count, char **words) {
    for (int i = 1; i < count; i++) {
        pipelining |= !strcmp(words[i], "pipelining");
        chunking |= !strcmp(words[i], "chunking");
    }
    int listener = listen_on_loopback(), epoll = epoll_create1(0);
    static char newcomer, end; /* their addresses tell these two from connections */
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &newcomer});
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &end});
    for (struct epoll_event events[EVENTS];;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            void *which = events[i].data.ptr;
            if (which == &end) {
                tell();
                return 0;
            }
            if (which == &newcomer)
                greet(epoll, listener);
            else
                serve(which);
        }
    }
}
