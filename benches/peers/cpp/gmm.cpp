// The log posterior of a Gaussian mixture and its gradient by hand, as ADBench defines it: 8 points side by side in a register,
// a block of points in the first cache for all components.
// g++ -O3 -march=native -ffast-math gmm.cpp -o gmm && ./gmm gmm SECONDS d k n FILE
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>
using Vector = std::vector<double>;
static double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

const int BLOCK = 64;

struct Mixture {
  int d, k, n, t;
  Vector alpha, mu, q, l, x;      // as given; x by coordinates: x[j * n + e]
  Vector dalpha, dmu, dq, dl;     // the gradient
  Vector Q, dQ, volume, z, w, gz, centred; // Q and dQ by rows with the diagonal

  double gradient() {
    for (int c = 0; c < k; c++) {
      volume[c] = alpha[c];
      for (int i = 0, at; i < d; i++) {
        volume[c] += q[c * d + i];
        Q[(c * d + i) * d + i] = std::exp(q[c * d + i]);
        for (int j = 0; j < i; j++) at = j * d - j * (j + 1) / 2 + i - j - 1, Q[(c * d + i) * d + j] = l[c * t + at];
      }
    }
    std::fill(dQ.begin(), dQ.end(), 0), std::fill(dmu.begin(), dmu.end(), 0), std::fill(dalpha.begin(), dalpha.end(), 0);
    double likelihood = 0;
    for (int first = 0; first < n; first += BLOCK) likelihood += block(first, std::min(BLOCK, n - first));
    return likelihood + rest();
  }

  // The likelihood of a block of points; adds to dalpha, dmu and dQ.
  double block(int first, int count) {
    for (int c = 0; c < k; c++) {
      double* zc = &z[c * d * BLOCK];
      double* wc = &w[c * BLOCK];
      double squares[BLOCK] = {};
      for (int j = 0; j < d; j++)
        for (int e = 0; e < count; e++) centred[j * BLOCK + e] = x[j * n + first + e] - mu[c * d + j];
      for (int i = 0; i < d; i++) {
        double* row = zc + i * BLOCK;
        for (int e = 0; e < BLOCK; e += 8) {
          double sum[8] = {};
          for (int j = 0; j <= i; j++)
            for (int p = 0; p < 8; p++) sum[p] += Q[(c * d + i) * d + j] * centred[j * BLOCK + e + p];
          for (int p = 0; p < 8; p++) row[e + p] = sum[p];
        }
        for (int e = 0; e < count; e++) squares[e] += row[e] * row[e];
      }
      for (int e = 0; e < count; e++) wc[e] = volume[c] - 0.5 * squares[e];
    }
    double most[BLOCK], total[BLOCK] = {}, likelihood = 0;
    for (int e = 0; e < count; e++) most[e] = w[e];
    for (int c = 1; c < k; c++)
      for (int e = 0; e < count; e++) most[e] = std::max(most[e], w[c * BLOCK + e]);
    for (int c = 0; c < k; c++)
      for (int e = 0; e < count; e++) total[e] += w[c * BLOCK + e] = std::exp(w[c * BLOCK + e] - most[e]);
    for (int e = 0; e < count; e++) likelihood += most[e] + std::log(total[e]), total[e] = 1 / total[e];
    for (int c = 0; c < k; c++) backwards(c, first, count, total);
    return likelihood;
  }

  void backwards(int c, int first, int count, const double* scale) {
    double weight[BLOCK] = {};
    for (int e = 0; e < count; e++) dalpha[c] += weight[e] = w[c * BLOCK + e] * scale[e];
    for (int j = 0; j < d; j++)
      for (int e = 0; e < count; e++) centred[j * BLOCK + e] = x[j * n + first + e] - mu[c * d + j];
    for (int i = 0; i < d; i++) {
      double* row = &z[(c * d + i) * BLOCK];
      double sum = 0;
      for (int e = 0; e < BLOCK; e++) sum += gz[e] = -weight[e] * row[e];
      for (int j = 0; j <= i; j++) {
        double product = 0;
        for (int e = 0; e < BLOCK; e++) product += gz[e] * centred[j * BLOCK + e];
        dQ[(c * d + i) * d + j] += product;
        dmu[c * d + j] -= sum * Q[(c * d + i) * d + j];
      }
    }
  }

  // The terms without points, and the gradients by what Q is made of. One more degree of freedom than d; scale 1.
  double rest() {
    double most = *std::max_element(alpha.begin(), alpha.end()), total = 0, prior = 0;
    for (int c = 0; c < k; c++) total += std::exp(alpha[c] - most);
    for (int c = 0; c < k; c++) {
      for (int i = 0, at; i < d; i++) {
        double diagonal = Q[(c * d + i) * d + i];
        prior -= 0.5 * diagonal * diagonal;
        dq[c * d + i] = dQ[(c * d + i) * d + i] * diagonal + dalpha[c] - diagonal * diagonal;
        for (int j = 0; j < i; j++) {
          at = j * d - j * (j + 1) / 2 + i - j - 1;
          prior -= 0.5 * l[c * t + at] * l[c * t + at];
          dl[c * t + at] = dQ[(c * d + i) * d + j] - l[c * t + at];
        }
      }
    }
    for (int c = 0; c < k; c++) dalpha[c] -= n * std::exp(alpha[c] - most) / total;
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
  auto read = [&](size_t count) {
    Vector v(count);
    if (fread(v.data(), 8, count, file) != count) abort();
    return v;
  };
  g.alpha = read(k), g.mu = read(k * d), g.q = read(k * d), g.l = read(k * g.t);
  Vector points = read(n * d);
  g.x.resize(n * d);
  for (int e = 0; e < n; e++)
    for (int j = 0; j < d; j++) g.x[j * n + e] = points[e * d + j];
  g.dalpha.resize(k), g.dmu.resize(k * d), g.dq.resize(k * d), g.dl.resize(k * g.t);
  g.Q.resize(k * d * d), g.dQ.resize(k * d * d), g.volume.resize(k), g.z.resize(k * d * BLOCK), g.w.resize(k * BLOCK);
  g.gz.resize(BLOCK), g.centred.resize(d * BLOCK);
  double value = g.gradient(), sum = 0, magnitude = 0;
  for (auto* part : {&g.dalpha, &g.dmu, &g.dq, &g.dl})
    for (double each : *part) sum += each, magnitude += std::fabs(each);
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
