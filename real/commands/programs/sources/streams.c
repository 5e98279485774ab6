// Streams, files and directories, as a program of any system uses them.
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

extern char **environ;

static void say(const char *what, long result) {
  printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror(errno) : "");
}

static void last(void) { fputs("at the end\n", stderr); }
static void first(void) { fputs("before the end\n", stderr); }

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path, int depth) {
  DIR *directory = opendir(path);
  if (!directory) {
    say(path, -1);
    return;
  }
  char *names[64];
  int count = 0;
  for (struct dirent *each; (each = readdir(directory));) names[count++] = strdup(each->d_name);
  rewinddir(directory);
  int again = 0;
  while (readdir(directory)) again++;
  closedir(directory);
  qsort(names, (size_t)count, sizeof *names, by_name);
  for (int i = 0; i < count; i++) {
    char whole[300];
    struct stat found;
    snprintf(whole, sizeof whole, "%s/%s", path, names[i]);
    if (strcmp(names[i], ".") && strcmp(names[i], "..") && lstat(whole, &found) == 0) {
      const char *kind = S_ISDIR(found.st_mode) ? "/" : S_ISLNK(found.st_mode) ? "@" : "";
      printf("%*s%s%s %lld\n", depth * 2, "", names[i], kind, S_ISREG(found.st_mode) ? (long long)found.st_size : 0);
      if (S_ISDIR(found.st_mode)) list(whole, depth + 1);
    }
    free(names[i]);
  }
  printf("%*s(%d again)\n", depth * 2, "", again == count);
}

static void copy(const char *from, const char *to) {
  FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
  if (!in || !out) {
    printf("%s: %d %d\n", to, in != NULL, out != NULL);
    return;
  }
  char block[777];
  setvbuf(out, NULL, _IOFBF, 100);
  for (size_t n; (n = fread(block, 1, sizeof block, in));) fwrite(block, 1, n, out);
  printf("copied %ld, end %d, error %d\n", ftell(out), feof(in) != 0, ferror(in));
  fclose(in);
  fclose(out);
}

int main(int argc, char **argv) {
  atexit(last);
  atexit(first);
  for (int i = 1; i < argc; i++) printf("[%s]", argv[i]);
  puts("");
  for (char **each = environ; *each; each++) puts(*each);
  printf("terminal %d %d\n", isatty(0), isatty(1));

  char line[200];
  int letter, letters = 0;
  letter = getchar();
  ungetc(toupper(letter), stdin);
  while (scanf("%5[a-zA-Z]", line) == 1) printf("<%s>", line);
  while ((letter = getchar()) != EOF) letters++;
  printf(" and %d, end %d\n", letters, feof(stdin) != 0);

  say("mkdir", mkdir("work", 0777));
  say("mkdir", mkdir("work/deep", 0777));
  say("mkdir", mkdir("missing/deep", 0777));
  FILE *file = fopen("work/text", "w+");
  for (int i = 0; i < 300; i++) fprintf(file, "line %d\n", i);
  fseek(file, -9, SEEK_END);
  printf("%s", fgets(line, sizeof line, file));
  fpos_t place;
  rewind(file);
  fgets(line, sizeof line, file);
  fgetpos(file, &place);
  fputs("LINE", file);
  fflush(file);
  fsetpos(file, &place);
  printf("%s at %ld\n", fgets(line, 8, file), ftell(file));
  say("truncate", ftruncate(fileno(file), 100));
  fclose(file);
  file = fopen("work/text", "a");
  fputs("appended\n", file);
  printf("now %ld\n", ftell(file));
  fclose(file);
  copy("work/text", "work/deep/copy");
  copy("given/data", "work/data");
  copy("work/none", "work/other");

  int fd = open("work/vectors", O_RDWR | O_CREAT | O_EXCL, 0666);
  struct iovec parts[] = {{"one ", 4}, {"", 0}, {"two ", 4}, {"three", 5}};
  long written = writev(fd, parts, 4);  // any part of it may be: hosts differ
  if (written >= 0) written += write(fd, &"one two three"[written], 13 - (size_t)written);
  say("writev", written);
  say("again", open("work/vectors", O_RDWR | O_CREAT | O_EXCL, 0666));
  char a[3], b[50];
  struct iovec into[] = {{a, 3}, {b, 50}};
  say("lseek", (long)lseek(fd, 2, SEEK_SET));
  long had = readv(fd, into, 2);
  if (had == 3) had += read(fd, b, 50);
  say("readv", had);
  printf("%.3s|%.8s\n", a, b);
  say("pwrite", pwrite(fd, "!", 1, 20));
  say("pread", pread(fd, b, 50, 11));
  printf("%d %d\n", b[2], b[9]);
  say("before the start", (long)lseek(fd, -1, SEEK_SET));
  say("end", (long)lseek(fd, 0, SEEK_END));
  say("sync", fsync(fd));
  say("close", close(fd));
  say("closed", write(fd, "x", 1));
  say("read a directory", read(open("work", O_RDONLY | O_DIRECTORY), b, 1));
  say("a file as a directory", open("work/text", O_RDONLY | O_DIRECTORY));
  say("through a file", open("work/text/x", O_RDONLY));

  say("link", link("work/text", "work/hard"));
  say("symlink", symlink("deep/copy", "work/soft"));
  say("readlink", readlink("work/soft", b, sizeof b));
  say("loop", symlink("loop", "work/loop"));
  say("follow", open("work/loop", O_RDONLY));
  say("rename", rename("work/vectors", "work/deep/moved"));
  say("over", rename("work/hard", "work/deep/copy"));
  say("onto a directory", rename("work/text", "work/deep"));
  say("rmdir", rmdir("work/deep"));
  say("unlink a directory", unlink("work/deep"));
  say("access", access("work/text", R_OK | W_OK));
  say("no access", access("work/none", F_OK));
  say("outside", open("../../etc/passwd", O_RDONLY));
  list(".", 0);
  say("chdir", chdir("/work/deep"));
  printf("in %s\n", getcwd(line, sizeof line));
  say("relative", unlink("moved"));
  errno = ENOENT;
  perror("said");
  puts("without a line's end");
  printf("last");
  exit(argc + 40);
}
