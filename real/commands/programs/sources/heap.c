// The heap: thousands of allocations of all sizes, moved and freed in any order, and memory that grows.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 512

static unsigned char *slots[SLOTS];
static size_t sizes[SLOTS];
static unsigned char marks[SLOTS];

static uint32_t next(void) {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)state;
}

static int intact(int slot) {
  for (size_t i = 0; i < sizes[slot]; i += 61)
    if (slots[slot][i] != marks[slot]) return 0;
  return sizes[slot] == 0 || slots[slot][sizes[slot] - 1] == marks[slot];
}

static int depth(int n) {
  volatile char room[300];
  memset((void *)room, n, sizeof room);
  return n == 0 ? room[7] : depth(n - 1) + (room[299] == (char)n);
}

int main(void) {
  long allocated = 0, wrong = 0;
  for (int step = 0; step < 6000; step++) {
    int slot = (int)(next() % SLOTS);
    size_t size = next() % 10 ? next() % 700 : next() % 60000;
    if (slots[slot] && !intact(slot)) wrong++;
    switch (next() % 3) {
      case 0:
        free(slots[slot]);
        slots[slot] = malloc(size + 1);
        break;
      case 1:
        slots[slot] = realloc(slots[slot], size + 1);
        break;
      default:
        free(slots[slot]);
        slots[slot] = calloc(size / 4 + 1, 4);
        for (size_t i = 0; i < size / 4 * 4; i += 127)
          if (slots[slot][i]) wrong++;
    }
    if (!slots[slot]) return 2;
    marks[slot] = (unsigned char)next();
    sizes[slot] = size + 1;
    memset(slots[slot], marks[slot], sizes[slot]);
    allocated += (long)size;
  }
  for (int slot = 0; slot < SLOTS; slot++) free(slots[slot]);
  printf("%ld bytes, %ld wrong\n", allocated, wrong);

  char *large = malloc(6 << 20);
  for (int i = 0; i < 6 << 20; i += 4096) large[i] = (char)(i >> 12);
  memmove(large + 3, large, 5 << 20);
  uint32_t sum = 0;
  for (int i = 0; i < 6 << 20; i += 1021) sum = sum * 31 + (unsigned char)large[i];
  printf("%u %d %d\n", sum, memcmp(large, large + 3, 3), large[4099]);
  large = realloc(large, 9 << 20);
  printf("moved %s\n", large && large[4099] == 1 ? "whole" : "broken");
  free(large);
  void *aligned = aligned_alloc(4096, 8192);
  printf("aligned %d, too much %d\n", (int)((uintptr_t)aligned % 4096), malloc((size_t)-100) == NULL);
  printf("deep %d\n", depth(150));
  return wrong != 0;
}
