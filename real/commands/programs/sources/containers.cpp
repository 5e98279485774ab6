// The standard library of C++: containers, streams, algorithms, files.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

struct Shape {
  virtual ~Shape() { std::cout << "a shape less\n"; }
  virtual std::string name() const = 0;
  virtual double area() const = 0;
};

struct Circle : Shape {
  double r;
  explicit Circle(double r) : r(r) {}
  std::string name() const override { return "circle"; }
  double area() const override { return 3.141592653589793 * r * r; }
};

struct Box : Shape {
  double a, b;
  Box(double a, double b) : a(a), b(b) {}
  std::string name() const override { return "box"; }
  double area() const override { return a * b; }
};

static struct Early {
  Early() { std::cout << "made before main\n"; }
  ~Early() { std::cout << "gone after main\n"; }
} early;

int main(int argc, char **argv) {
  std::map<std::string, int> words;
  std::string word;
  while (std::cin >> word) words[word]++;
  for (const auto &[text, count] : words) std::cout << std::setw(8) << text << std::setw(3) << count << "\n";

  std::vector<std::unique_ptr<Shape>> shapes;
  shapes.push_back(std::make_unique<Circle>(1.5));
  shapes.push_back(std::make_unique<Box>(2, 3.25));
  std::sort(shapes.begin(), shapes.end(), [](auto &a, auto &b) { return a->area() < b->area(); });
  for (const auto &shape : shapes) std::cout << shape->name() << " " << std::fixed << std::setprecision(6) << shape->area() << "\n";

  std::mt19937_64 chance(42);
  std::vector<std::uint64_t> numbers(5000);
  std::generate(numbers.begin(), numbers.end(), chance);
  std::stable_sort(numbers.begin(), numbers.end());
  std::unordered_map<std::uint64_t, int> index;
  for (size_t i = 0; i < numbers.size(); i++) index[numbers[i] % 977] += int(i);
  std::cout << std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0}) << " " << index.size() << " " << index[5] << "\n";
  std::partial_sort(numbers.begin(), numbers.begin() + 3, numbers.end(), std::greater<>());
  std::cout << std::hex << std::uppercase << numbers[0] << " " << numbers[2] << std::dec << "\n";

  std::ostringstream text;
  text << std::scientific << 1.0 / 3 << " " << std::hexfloat << 0.1 << std::defaultfloat << " " << 1e100 << std::boolalpha << " " << (argc > 1);
  std::cout << text.str() << " " << std::quoted("a \"b\"") << "\n";
  std::istringstream line("7 0x1f 3.5 end");
  int whole, hex;
  double real;
  line >> whole >> std::hex >> hex >> real >> word;
  std::cout << whole << " " << hex << " " << real << " " << word << " " << line.eof() << "\n";

  std::variant<int, std::string> either = std::string("text");
  std::set<int> odd = {5, 3, 1, 3};
  std::cout << std::visit([](auto &v) { std::ostringstream s; s << v; return s.str(); }, either) << " " << odd.size() << " " << *odd.rbegin() << "\n";

  std::FILE *made = std::fopen("made.txt", "w+");
  std::fprintf(made, "first\nsecond\n%s\n", argv[argc - 1]);
  std::rewind(made);
  char each[80];
  while (std::fgets(each, sizeof each, made)) std::cout << std::string(each).size() << ":" << each;
  std::fclose(made);
  auto before = std::chrono::steady_clock::now();
  std::cerr << "forward " << (std::chrono::steady_clock::now() >= before) << std::endl;
  return int(words.size());
}
