// The log posterior of a Gaussian mixture and its gradient by hand, as ADBench defines it: Eigen's products on blocks of points.
// g++ -O3 -march=native -ffast-math -I/usr/include/eigen3 gmm.cpp -o gmm && ./gmm gmm SECONDS d k n FILE
#include <Eigen/Dense>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>
using Matrix = Eigen::MatrixXd;
using Row = Eigen::ArrayXXd;
static double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

const int BLOCK = 64;

struct Mixture {
  int d, k, n, t;
  Matrix alpha, mu, q, l, x;               // as given, a column for each component or point
  Matrix dalpha, dmu, dq, dl;              // the gradient
  std::vector<Matrix> Q, dQ, z;            // of each component; z: Q @ (x - mu) for a block of points
  Matrix weights, centred, scaled, volume; // weights: a row for each component

  double gradient() {
    for (int c = 0; c < k; c++) {
      volume(c) = alpha(c) + q.col(c).sum();
      for (int j = 0, at = 0; j < d; j++) {
        Q[c](j, j) = std::exp(q(j, c));
        for (int i = j + 1; i < d; i++) Q[c](i, j) = l(at++, c);
      }
      dQ[c].setZero();
    }
    dalpha.setZero(), dmu.setZero();
    double likelihood = 0;
    for (int first = 0; first < n; first += BLOCK) likelihood += block(first, std::min(BLOCK, n - first));
    return likelihood + rest();
  }

  // The likelihood of a block of points; adds to dalpha, dmu and dQ.
  double block(int first, int count) {
    auto points = x.middleCols(first, count);
    auto w = weights.topLeftCorner(count, k).array();
    for (int c = 0; c < k; c++) {
      centred.leftCols(count) = points.colwise() - mu.col(c);
      z[c].leftCols(count).noalias() = Q[c] * centred.leftCols(count);
      w.col(c) = volume(c) - 0.5 * z[c].leftCols(count).colwise().squaredNorm().transpose().array();
    }
    Eigen::ArrayXd most = w.rowwise().maxCoeff();
    w = (w.colwise() - most).exp();
    Eigen::ArrayXd total = w.rowwise().sum();
    double likelihood = most.sum() + total.log().sum();
    w = w.colwise() / total;
    for (int c = 0; c < k; c++) {
      dalpha(c) += w.col(c).sum();
      centred.leftCols(count) = points.colwise() - mu.col(c);
      scaled.leftCols(count) = z[c].leftCols(count) * (-w.col(c)).matrix().asDiagonal();
      dQ[c].noalias() += scaled.leftCols(count) * centred.leftCols(count).transpose();
      dmu.col(c).noalias() -= Q[c].transpose() * scaled.leftCols(count).rowwise().sum();
    }
    return likelihood;
  }

  // The terms without points, and the gradients by what Q is made of. One more degree of freedom than d; scale 1.
  double rest() {
    double most = alpha.maxCoeff(), total = (alpha.array() - most).exp().sum(), prior = 0;
    for (int c = 0; c < k; c++) {
      for (int j = 0, at = 0; j < d; j++) {
        double diagonal = Q[c](j, j);
        prior -= 0.5 * diagonal * diagonal;
        dq(j, c) = dQ[c](j, j) * diagonal + dalpha(c) - diagonal * diagonal;
        for (int i = j + 1; i < d; i++, at++) {
          prior -= 0.5 * l(at, c) * l(at, c);
          dl(at, c) = dQ[c](i, j) - l(at, c);
        }
      }
    }
    dalpha.array() -= n * (alpha.array() - most).exp() / total;
    double gamma = d * (d - 1) * std::log(M_PI) / 4;
    for (int i = 0; i < d; i++) gamma += std::lgamma((d + 1 - i) / 2.0);
    double constant = -(d + 1) * d * std::log(2.0) / 2 - gamma;
    return -n * d * std::log(2 * M_PI) / 2 - n * (most + std::log(total)) + prior + k * constant;
  }
};

int main(int, char** arguments) {
  double seconds = atof(arguments[2]);
  Mixture g;
  g.d = atoi(arguments[3]), g.k = atoi(arguments[4]), g.n = atoi(arguments[5]), g.t = g.d * (g.d - 1) / 2;
  int d = g.d, k = g.k, n = g.n;
  FILE* file = fopen(arguments[6], "rb");
  auto read = [&](int rows, int columns) {
    Matrix values(rows, columns);
    if (fread(values.data(), 8, values.size(), file) != (size_t)values.size()) abort();
    return values;
  };
  g.alpha = read(k, 1), g.mu = read(d, k), g.q = read(d, k), g.l = read(g.t, k), g.x = read(d, n);
  g.dalpha.resize(k, 1), g.dmu.resize(d, k), g.dq.resize(d, k), g.dl.resize(g.t, k), g.volume.resize(k, 1);
  g.Q.assign(k, Matrix::Zero(d, d)), g.dQ = g.Q, g.z.assign(k, Matrix::Zero(d, BLOCK));
  g.weights.resize(BLOCK, k), g.centred.resize(d, BLOCK), g.scaled.resize(d, BLOCK);
  double value = g.gradient(), sum = 0, magnitude = 0;
  for (auto* part : {&g.dalpha, &g.dmu, &g.dq, &g.dl}) sum += part->sum(), magnitude += part->cwiseAbs().sum();
  std::vector<double> samples;
  for (double end = now() + seconds; samples.size() < 5 || now() < end;) {
    double start = now();
    int runs = 0;
    do g.gradient(), runs++;
    while (now() - start < 0.004);
    samples.push_back((now() - start) / runs);
  }
  std::sort(samples.begin(), samples.end());
  std::printf("{\"median_s_per_step\": %.9g, \"check\": [%.12g, %.12g, %.12g]}\n", samples[samples.size() / 2], value, sum, magnitude);
}
