// Numbers in and out: every conversion of printf, strtod, qsort, bsearch, the mathematical functions.
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static uint32_t next(uint32_t *state) { return *state = *state * 1664525u + 1013904223u; }

static void formats(double x) {
  printf("%f %e %g %a %.0f %.17g %+.3e % g %#.0f %015.4f|%-12.2f|%G\n", x, x, x, x, x, x, x, x, x, x, x, x);
}

static void functions(double x) {
  printf("%a %a %a %a %a %a\n", sin(x), cos(x), tan(x), exp(x), log(fabs(x) + 1), pow(fabs(x), 1.5));
  printf("%a %a %a %a %a\n", atan2(x, 3), cbrt(x), hypot(x, 2), tgamma(fabs(x) + 0.5), erf(x));
  printf("%a %a %a %a %ld %d\n", fmod(x, 0.7), remainder(x, 0.7), fma(x, x, -1), rint(x), lrint(x), ilogb(x));
  printf("%a %a %a %a\n", nextafter(x, 9), copysign(x, -0.0), ldexp(x, -1070), (double)(float)x);
}

int main(void) {
  const double tried[] = {0, -0.0, 1, -1.5, 0.1, 1e21, 123456789.125, 5e-324, DBL_MAX, DBL_MIN, 1 / 3.0, 2.5, 3.5};
  for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) formats(tried[i]);
  formats(INFINITY);
  formats(-NAN);
  for (int i = -5; i <= 5; i++) functions(i * 0.77 + 0.01);
  printf("%Lf %.30Lg %La\n", 1.0L / 3, 1.0L / 3, 1.0L / 3);

  printf("%d %i %u %x %X %o %#x %#o %c %5d|%-5d|%05d %+d\n", -1, INT_MIN, UINT_MAX, 0xBEEF, 0xBEEF, 8, 255, 8, 'c', 42, 42, 42, 42);
  printf("%" PRId64 " %" PRIu64 " %jx %zu %hhd %hd %ld %lld\n", INT64_MIN, UINT64_MAX, (intmax_t)-1, sizeof(int), 300, 70000, 7L, 7LL);
  printf("%.3s|%10s|%-10s|%*d|%.*f|%%\n", "abcdef", "right", "left", 6, 12, 3, 3.14159);

  const char *texts[] = {"1e309", "-1e-330", "0x1.8p3", "nan", "inf", "  42.5xyz", "1e", ".", "9007199254740993", "2.2250738585072011e-308"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char *end;
    errno = 0;
    double value = strtod(texts[i], &end);
    printf("%s: %a rest '%s' %d\n", texts[i], value, end, errno == ERANGE);
  }
  printf("%ld %ld %lu %lld\n", strtol("-0x7f", NULL, 0), strtol("99999999999", NULL, 10), strtoul("-1", NULL, 10), strtoll("zz", NULL, 36));
  int a, b, n;
  char word[8];
  float real;
  int found = sscanf("12,-7 word3.25 rest", "%d,%i %4s%f%n", &a, &b, word, &real, &n);
  printf("%d: %d %d %s %g %d\n", found, a, b, word, real, n);

  static double many[20000];
  uint32_t state = 7;
  for (int i = 0; i < 20000; i++) many[i] = (int32_t)next(&state) / 1000.0;
  qsort(many, 20000, sizeof *many, ascending);
  double sum = 0;
  int sorted = 1;
  for (int i = 0; i < 20000; i++) {
    sum += many[i] * i;
    if (i && many[i - 1] > many[i]) sorted = 0;
  }
  double key = many[1234];
  double *at = bsearch(&key, many, 20000, sizeof *many, ascending);
  printf("sorted %d, %.17g, found %d, %a\n", sorted, sum, at && *at == key, many[0]);

  div_t parts = div(-7, 2);
  lldiv_t wide = lldiv(INT64_MIN + 1, -3);
  printf("%d %d %lld %lld\n", parts.quot, parts.rem, wide.quot, wide.rem);
  volatile double three = 3, zero = 0, out = 1e20;
  volatile float tiny = 1e-45f;
  printf("%a %a %a %d %d\n", three / zero, zero / zero < 0 ? 1.0 : 2.0, (double)(tiny / 2), isnan(zero / zero), signbit(-zero));
  printf("%" PRIu64 " %a %a\n", (uint64_t)(out / 10), (double)UINT64_MAX, (double)(float)16777217);
  return sorted ? 0 : 1;
}
