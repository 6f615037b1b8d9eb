/* A wire with a length: a TCP proxy on loopback that hands everything on a fixed time later.
 *
 *     delay PORT MICROSECONDS
 *
 * leads to PORT with that delay in each direction, prints its own port, and when its standard input ends
 * its CPU seconds. Two of those delays make the round trip; only the TCP handshake is not delayed.
 *
 * The octets wait in a pipe, moved in and out by splice(2): nothing is copied, so that two cores are enough
 * for a sender, a wire and a server.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIPE = 1 << 20, PIECES = 4096, WAITING = 1 << 18, EVENTS = 256 };

/* One direction. A piece of 0 octets is the end of the stream. */
struct way {
    int from, to, in, out;
    bool ended, closed;
    struct {
        uint64_t due;
        size_t length;
    } pieces[PIECES];
    size_t head, tail;
};

/* Both directions of a connection; an end of it is one socket's view. */
struct line;
struct end {
    struct line *line;
    struct way *reads, *writes;
};
struct line {
    struct way there, back;
    struct end near, far;
};

/* Who has something due when, in the order of time: the delay is the same for all. */
static struct {
    uint64_t due;
    struct way *way;
} waiting[WAITING];
static size_t first_waiting, last_waiting;
static uint64_t delay;
static int epoll;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

static void wait_for(struct way *way, size_t length) {
    if (last_waiting - first_waiting == WAITING) {
        fprintf(stderr, "delay: too much on the wire\n");
        exit(1);
    }
    uint64_t due = now() + delay;
    way->pieces[way->tail % PIECES].due = due;
    way->pieces[way->tail++ % PIECES].length = length;
    waiting[last_waiting % WAITING].due = due;
    waiting[last_waiting++ % WAITING].way = way;
}

/* Take in what there is, as far as there is room. */
static void take(struct way *way) {
    while (!way->ended && way->tail - way->head < PIECES) {
        ssize_t n = splice(way->from, NULL, way->in, NULL, PIPE, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
        if (n < 0 && errno == EAGAIN)
            return; /* nothing there, or the pipe is full: `hand_on` calls again */
        way->ended = n <= 0;
        wait_for(way, n > 0 ? n : 0);
    }
}

/* Hand on what is due, as far as the socket takes it. */
static void hand_on(struct way *way) {
    uint64_t time = now();
    while (way->head < way->tail && way->pieces[way->head % PIECES].due <= time) {
        size_t *length = &way->pieces[way->head % PIECES].length;
        if (!*length) {
            shutdown(way->to, SHUT_WR);
            way->closed = true;
            way->head++;
            return;
        }
        ssize_t n = splice(way->out, NULL, way->to, NULL, *length, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
        if (n < 0 && errno == EAGAIN)
            return; /* epoll says when there is room again */
        if (n <= 0) {
            way->closed = way->ended = true;
            way->head = way->tail;
            return;
        }
        *length -= n;
        way->head += !*length;
    }
}

static void move(struct way *way) {
    if (way->closed)
        return;
    hand_on(way);
    take(way);
}

static void open_way(struct way *way, int from, int to) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK)) {
        perror("delay: pipe");
        exit(1);
    }
    fcntl(ends[0], F_SETPIPE_SZ, PIPE);
    way->from = from;
    way->to = to;
    way->out = ends[0];
    way->in = ends[1];
}

static void watch(int fd, struct end *end) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = end};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A line lives as long as the program: a benchmark opens few. */
static void lay_line(int listener, int port) {
    struct sockaddr_in address = loopback(port);
    int near = accept(listener, NULL, NULL), far = socket(AF_INET, SOCK_STREAM, 0);
    if (near < 0 || connect(far, (struct sockaddr *)&address, sizeof address)) {
        close(near);
        close(far);
        return;
    }
    struct line *line = calloc(1, sizeof *line);
    open_way(&line->there, near, far);
    open_way(&line->back, far, near);
    line->near = (struct end){line, &line->there, &line->back};
    line->far = (struct end){line, &line->back, &line->there};
    watch(near, &line->near);
    watch(far, &line->far);
}

static int listen_on_loopback(void) {
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1024)) {
        perror("delay");
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
    printf("{\"cpu\": %.6f}\n", usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
                                    (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

/* Hand on whatever is due; return how long nothing will be. */
static struct timespec catch_up(void) {
    for (uint64_t time = now(); first_waiting < last_waiting && waiting[first_waiting % WAITING].due <= time;)
        move(waiting[first_waiting++ % WAITING].way);
    if (first_waiting == last_waiting)
        return (struct timespec){.tv_sec = 3600};
    uint64_t due = waiting[first_waiting % WAITING].due, time = now(), left = due > time ? due - time : 0;
    return (struct timespec){.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
}

int main(int count, char **words) {
    if (count != 3) {
        fprintf(stderr, "usage: delay PORT MICROSECONDS\n");
        return 2;
    }
    int port = atoi(words[1]), listener = listen_on_loopback();
    delay = strtoul(words[2], NULL, 10);
    epoll = epoll_create1(0);
    signal(SIGPIPE, SIG_IGN);
    static char newcomer, done; /* their addresses tell these two from lines */
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &newcomer});
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &done});
    for (struct epoll_event events[EVENTS];;) {
        struct timespec idle = catch_up();
        int ready = epoll_pwait2(epoll, events, EVENTS, &idle, NULL);
        for (int i = 0; i < ready; i++) {
            void *which = events[i].data.ptr;
            if (which == &done) {
                tell();
                return 0;
            }
            if (which == &newcomer) {
                lay_line(listener, port);
                continue;
            }
            struct end *end = which;
            move(end->writes);
            move(end->reads);
        }
    }
}
