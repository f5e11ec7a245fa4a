// The network 2-2-3-2 of examples/ten_points.nd by hand: a million stochastic steps of one point each.
// g++ -O3 -march=native -ffast-math ten_points.cpp -o ten_points && ./ten_points
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>

static double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

int main() {
  const double x1[] = {0.1, 0.3, 0.1, 0.6, 0.4, 0.6, 0.5, 0.9, 0.4, 0.7};
  const double x2[] = {0.1, 0.4, 0.5, 0.9, 0.2, 0.3, 0.6, 0.2, 0.4, 0.6};
  std::mt19937_64 random(5000);
  std::normal_distribution<double> normal(0, 0.5);
  double W2[2][2], b2[2], W3[3][2], b3[3], W4[2][3], b4[2];
  for (auto& row : W2) for (auto& w : row) w = normal(random);
  for (auto& row : W3) for (auto& w : row) w = normal(random);
  for (auto& row : W4) for (auto& w : row) w = normal(random);
  for (auto& b : b2) b = normal(random);
  for (auto& b : b3) b = normal(random);
  for (auto& b : b4) b = normal(random);
  int order[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  auto begun = std::chrono::steady_clock::now();
  const long steps = 1000000;
  const double rate = 0.05;
  for (long step = 0; step < steps; step++) {
    if (step % 10 == 0) std::shuffle(order, order + 10, random);
    int k = order[step % 10];
    double x[2] = {x1[k], x2[k]}, y[2] = {k < 5 ? 1.0 : 0.0, k < 5 ? 0.0 : 1.0};
    double a2[2], a3[3], a4[2], d2[2], d3[3], d4[2];
    for (int i = 0; i < 2; i++) a2[i] = sigmoid(W2[i][0] * x[0] + W2[i][1] * x[1] + b2[i]);
    for (int i = 0; i < 3; i++) a3[i] = sigmoid(W3[i][0] * a2[0] + W3[i][1] * a2[1] + b3[i]);
    for (int i = 0; i < 2; i++) a4[i] = sigmoid(W4[i][0] * a3[0] + W4[i][1] * a3[1] + W4[i][2] * a3[2] + b4[i]);
    for (int i = 0; i < 2; i++) d4[i] = a4[i] * (1 - a4[i]) * (a4[i] - y[i]);
    for (int j = 0; j < 3; j++) d3[j] = a3[j] * (1 - a3[j]) * (W4[0][j] * d4[0] + W4[1][j] * d4[1]);
    for (int j = 0; j < 2; j++) d2[j] = a2[j] * (1 - a2[j]) * (W3[0][j] * d3[0] + W3[1][j] * d3[1] + W3[2][j] * d3[2]);
    for (int i = 0; i < 2; i++) { for (int j = 0; j < 2; j++) W2[i][j] -= rate * d2[i] * x[j]; b2[i] -= rate * d2[i]; }
    for (int i = 0; i < 3; i++) { for (int j = 0; j < 2; j++) W3[i][j] -= rate * d3[i] * a2[j]; b3[i] -= rate * d3[i]; }
    for (int i = 0; i < 2; i++) { for (int j = 0; j < 3; j++) W4[i][j] -= rate * d4[i] * a3[j]; b4[i] -= rate * d4[i]; }
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  std::printf("%ld steps, %.1f ns a step, W2[0][0] = %.6g\n", steps, seconds / steps * 1e9, W2[0][0]);
}
