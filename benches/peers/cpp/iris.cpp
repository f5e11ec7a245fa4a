// The Iris neuron of examples/iris.nd by hand: full-batch gradient descent until a step is shorter than 5e-5.
// g++ -O3 -march=native -ffast-math iris.cpp -o iris && ./iris ../../examples/data/iris.csv
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

int main(int, char** arguments) {
  std::ifstream file(arguments[1]);
  std::string line;
  std::getline(file, line);
  std::vector<double> length, width, label;
  while (std::getline(file, line)) {
    std::stringstream cells(line);
    std::string cell[5];
    for (auto& each : cell) std::getline(cells, each, ',');
    length.push_back(std::stod(cell[0]));
    width.push_back(std::stod(cell[1]));
    label.push_back(cell[4][0] == '0' ? 1.0 : 0.0);
  }
  const int n = length.size();
  const double *a = length.data(), *c = width.data(), *y = label.data();
  auto begun = std::chrono::steady_clock::now();
  double w0 = 0, w1 = 0, b = 0, norm = 1;
  long steps = 0;
  while (norm >= 5e-5) {
    double g0 = 0, g1 = 0, g2 = 0;
    for (int i = 0; i < n; i++) {
      double z = a[i] * w0 + c[i] * w1 + b, e = std::exp(-std::fabs(z));
      double p = (z >= 0 ? 1.0 : e) / (1 + e) - y[i];
      g0 += p * a[i];
      g1 += p * c[i];
      g2 += p;
    }
    double d0 = 0.1 * g0 / n, d1 = 0.1 * g1 / n, d2 = 0.1 * g2 / n;
    w0 -= d0;
    w1 -= d1;
    b -= d2;
    norm = std::sqrt(d0 * d0 + d1 * d1 + d2 * d2);
    steps++;
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  std::printf("%ld steps, %.1f ns a step, w = [%.15g, %.15g], b = %.15g\n", steps, seconds / steps * 1e9, w0, w1, b);
}
