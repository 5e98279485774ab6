// Time: the calendar, clocks that go forward, sleeping, the times of files.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void show(time_t when) {
  char text[100];
  struct tm *parts = gmtime(&when);
  strftime(text, sizeof text, "%a %d %b %Y %H:%M:%S, day %j, week %U %V %G", parts);
  printf("%lld: %s, back %d\n", (long long)when, text, mktime(parts) == when);
}

static long long now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(void) {
  show(0);
  show(951782400);
  show(1709210096);
  show(4102444800);
  show(-86400 * 365LL);
  struct timespec resolution;
  printf("resolution %d\n", clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_nsec > 0);
  long long before = now(CLOCK_MONOTONIC), wall = now(CLOCK_REALTIME);
  struct timespec nap = {0, 20000000};
  printf("sleep %d", nanosleep(&nap, NULL));
  printf(", %d", usleep(1000));
  struct timespec at = {0, 5000000};
  printf(", %d\n", clock_nanosleep(CLOCK_MONOTONIC, 0, &at, NULL));
  printf("slept %d, wall %d, later than 2024 %d\n", now(CLOCK_MONOTONIC) - before >= 26000000, now(CLOCK_REALTIME) > wall, time(NULL) > 1704067200);
  struct pollfd none[1] = {{1, POLLOUT, 0}};
  printf("ready %d %d\n", poll(none, 1, 1000), none[0].revents == POLLOUT);

  int fd = open("stamped", O_CREAT | O_RDWR, 0666);
  struct timespec both[2] = {{1000000000, 123456789}, {1234567890, 987654321}};
  printf("set %d\n", futimens(fd, both));
  struct stat found;
  fstat(fd, &found);
  printf("%lld.%09ld %lld.%09ld\n", (long long)found.st_atim.tv_sec, found.st_atim.tv_nsec, (long long)found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
  both[0].tv_nsec = UTIME_OMIT;
  both[1].tv_sec = 1500000000;
  both[1].tv_nsec = 0;
  printf("set %d\n", utimensat(AT_FDCWD, "stamped", both, 0));
  stat("stamped", &found);
  printf("%lld.%09ld %lld.%09ld\n", (long long)found.st_atim.tv_sec, found.st_atim.tv_nsec, (long long)found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
  both[1].tv_nsec = UTIME_NOW;
  printf("set %d", utimensat(AT_FDCWD, "stamped", both, 0));
  stat("stamped", &found);
  printf(", now %d\n", found.st_mtim.tv_sec > 1704067200);
  unlink("stamped");
  return 0;
}
