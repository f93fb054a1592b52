/*
 * The lease guard: stops a PostgreSQL server hard when the lease of its agent has run out.
 *
 *   kumki-lease-guard DIRECTORY DATA_DIRECTORY
 *
 * It outlives its agent: a killed, hung or frozen agent can't leave a primary behind its lease. DIRECTORY (on tmpfs)
 * holds
 *   deadline  written in place by the agent: two slots of 80 bytes, each "STATE NANOS PID SEQUENCE CHECKSUM\n" in
 *             columns of fixed width; STATE is armed, idle or end, NANOS is CLOCK_BOOTTIME, which counts suspended time,
 *             PID is the agent's, the checksum is FNV-1a (64 bits, in hexadecimal) of what stands before it. The newest
 *             slot that is whole counts
 *   guard     locked by the one guard of this directory, which writes "PID NANOS" into it at each look: its sign of life
 *   fired     written by the guard when it has stopped the server: what it did, for the agent's log
 *
 * Exit codes: 0 not needed any more (or it has fired), 1 it can't work, 3 another guard is there.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MILLI 1000000LL
#define SECOND 1000000000LL

/* How long a changed deadline may go unseen, and how old the sign of life may be. */
#define LOOK (200 * MILLI)
/* An immediate shutdown needs milliseconds; a postmaster that doesn't react is killed with its children. */
#define QUIT_LIMIT (250 * MILLI)
#define KILL_LIMIT (5 * SECOND)

enum state { ARMED, IDLE, END };

/* The same in DeadlineFile.java. */
#define SLOT 80
#define SLOTS 2
#define CHECKED (SLOT - 17)
/* A slot that is seen half written is whole within microseconds. */
#define READINGS 10
#define READ_AGAIN (MILLI / 10)

struct order {
    enum state state;
    long long deadline;
    long agent;
    long long sequence;
};

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static void sleep_until(long long until) {
    struct timespec t = {until / SECOND, until % SECOND};
    while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &t, NULL) == EINTR) continue;
}

static int read_text(int directory, const char *path, char *text, size_t size) {
    int file = openat(directory, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t length = read(file, text, size - 1);
    close(file);
    if (length < 0) return -1;
    text[length] = 0;
    return 0;
}

static unsigned long long checksum(const char *text, size_t length) {
    unsigned long long hash = 0xcbf29ce484222325ULL;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char) text[i]) * 0x100000001b3ULL;
    return hash;
}

/* Whether the slot is whole. */
static int read_slot(const char *text, struct order *order) {
    char slot[SLOT + 1], word[16];
    unsigned long long check;
    memcpy(slot, text, SLOT);
    slot[SLOT] = 0;
    if (sscanf(slot, "%15s %lld %ld %lld %llx", word, &order->deadline, &order->agent, &order->sequence, &check) != 5
        || check != checksum(slot, CHECKED)) return 0;
    if (strcmp(word, "armed") == 0) order->state = ARMED;
    else if (strcmp(word, "idle") == 0) order->state = IDLE;
    else if (strcmp(word, "end") == 0) order->state = END;
    else return 0;
    return 1;
}

/* A file that can't be read, or holds nonsense, changes nothing: the last deadline still counts. */
static void read_order(int directory, struct order *order) {
    for (int reading = 0; reading < READINGS; reading++) {
        char text[SLOTS * SLOT + 1] = {0};
        struct order slot;
        int whole = 0;
        if (read_text(directory, "deadline", text, sizeof text) != 0) return;
        for (int i = 0; i < SLOTS; i++) {
            if (!read_slot(text + i * SLOT, &slot)) continue;
            whole++;
            if (slot.sequence >= order->sequence) *order = slot;
        }
        if (whole == SLOTS) return;
        sleep_until(now() + READ_AGAIN);
    }
}

/* The postmaster's working directory is its data directory, and its children inherit it. */
static int works_in(long pid, const char *data) {
    char path[64], cwd[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%ld/cwd", pid);
    ssize_t length = readlink(path, cwd, sizeof cwd - 1);
    if (length < 0) return 0;
    cwd[length] = 0;
    return strcmp(cwd, data) == 0;
}

/* Each process of a server is attached to a System V segment, also where most of its memory isn't. */
static int has_shared_memory(long pid) {
    static const char MARK[] = "/SYSV";
    char path[64], text[4096 + sizeof MARK];
    size_t kept = 0;
    int found = 0;
    snprintf(path, sizeof path, "/proc/%ld/maps", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    for (ssize_t length; !found && (length = read(file, text + kept, 4096)) > 0;) {
        size_t all = kept + (size_t) length;
        found = memmem(text, all, MARK, sizeof MARK - 1) != NULL;
        kept = all < sizeof MARK - 2 ? all : sizeof MARK - 2;
        memmove(text, text + all - kept, kept);
    }
    close(file);
    return found;
}

/* Of those that work in the data directory. The program may have any name (postgresql.bin_name), so the name alone
   doesn't tell; but one that has just been started, and the logger, have nothing else yet. */
static int is_server(long pid) {
    char path[64], name[32];
    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    if (read_text(AT_FDCWD, path, name, sizeof name) == 0
        && (strncmp(name, "postgres", 8) == 0 || strncmp(name, "postmaster", 10) == 0)) return 1;
    return has_shared_memory(pid);
}

/* A zombie holds nothing any more, but stays until its parent looks. */
static int lives(long pid) {
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    if (read_text(AT_FDCWD, path, text, sizeof text) != 0) return 0;
    char *after = strrchr(text, ')');
    return after != NULL && after[1] == ' ' && after[2] != 'Z' && after[2] != 'X';
}

/* The process that postmaster.pid names; 0 if none. */
static long named(const char *data) {
    char path[PATH_MAX + 32], text[64];
    snprintf(path, sizeof path, "%s/postmaster.pid", data);
    if (read_text(AT_FDCWD, path, text, sizeof text) != 0) return 0;
    long pid = strtol(text, NULL, 10);
    if (pid < 0) pid = -pid; /* a single-user server */
    return pid > 1 && lives(pid) ? pid : 0;
}

/* Whatever its program is called: no other process is named there and works there. */
static long postmaster(const char *data) {
    long pid = named(data);
    return pid != 0 && works_in(pid, data) ? pid : 0;
}

/* Signals every server process of this data directory, and says how many there are. */
static int each_process(const char *data, int signal) {
    int count = 0;
    long server = postmaster(data);
    DIR *proc = opendir("/proc");
    if (proc == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid <= 1 || !works_in(pid, data) || !(pid == server || is_server(pid)) || !lives(pid)) continue;
        kill((pid_t) pid, signal);
        count++;
    }
    closedir(proc);
    return count;
}

static int gone_within(const char *data, long long limit) {
    long long until = now() + limit;
    while (each_process(data, 0) > 0) {
        if (now() >= until) return 0;
        sleep_until(now() + 5 * MILLI);
    }
    return 1;
}

static void report(int directory, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int file = openat(directory, "fired", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0) {
        if (write(file, text, (size_t) length) != length) unlinkat(directory, "fired", 0);
        close(file);
    }
    dprintf(STDERR_FILENO, "kumki-lease-guard: %s\n", text);
}

static void stop_server(int directory, const char *place, long long deadline) {
    long long begun = now();
    char data[PATH_MAX];
    if (realpath(place, data) == NULL) return; /* without a data directory there is no server */
    long server = postmaster(data);
    if (server == 0 && each_process(data, 0) == 0) {
        long other = named(data);
        if (other != 0)
            report(directory, "the lease ran out, and no server was found to stop: postmaster.pid names process %ld, which lives and "
                   "doesn't work in that directory as far as this user can see; if it is the server, stop it", other);
        return;
    }
    const char *how = "by an immediate shutdown";
    if (server != 0) kill((pid_t) server, SIGQUIT);
    if (server == 0 || !gone_within(data, QUIT_LIMIT)) {
        how = "by SIGKILL";
        do each_process(data, SIGKILL);
        while (!gone_within(data, 50 * MILLI) && now() - begun < KILL_LIMIT);
    }
    int left = each_process(data, 0);
    if (left > 0)
        report(directory, "the lease ran out, and %d server processes could not be ended", left);
    else
        report(directory, "the lease ran out and the agent did nothing: server process %ld was stopped %s, %lld ms after the deadline",
               server, how, (now() - deadline) / MILLI);
}

static int usable(const char *what, int result) {
    if (result < 0) dprintf(STDERR_FILENO, "kumki-lease-guard: %s: %s\n", what, strerror(errno));
    return result;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        dprintf(STDERR_FILENO, "usage: kumki-lease-guard DIRECTORY DATA_DIRECTORY\n");
        return 1;
    }
    int directory = usable(argv[1], open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory < 0) return 1;
    int lock = usable("guard", openat(directory, "guard", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock < 0) return 1;
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) return 3;
    /* Its agent's signals, terminal and end are not its own. What fails here only makes it less sturdy. */
    setsid();
    for (int s = 1; s < 32; s++)
        if (s == SIGHUP || s == SIGINT || s == SIGPIPE || s == SIGTERM) signal(s, SIG_IGN);
    if (chdir("/") != 0) return 1;
    (void) !mlockall(MCL_CURRENT | MCL_FUTURE);
    (void) !setpriority(PRIO_PROCESS, 0, -10);

    struct order order = {IDLE, 0, getppid(), 0};
    for (;;) {
        read_order(directory, &order);
        long long seen = now();
        char life[64];
        int length = snprintf(life, sizeof life, "%-10d %-20lld\n", getpid(), seen);
        (void) !pwrite(lock, life, (size_t) length, 0);
        if (order.state == END) return 0;
        if (order.state == IDLE && kill((pid_t) order.agent, 0) != 0 && errno == ESRCH) return 0;
        if (order.state == ARMED && seen >= order.deadline) {
            stop_server(directory, argv[2], order.deadline);
            return 0;
        }
        long long next = seen + LOOK;
        sleep_until(order.state == ARMED && order.deadline < next ? order.deadline : next);
    }
}
