// Python's view of trellis.h and prefix.h: checks, releases the GIL, calls. Fields come as lists of float32 (frames,
// symbols), each with a graph made ready or with one acceptor for all, and are shared among threads.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>

#include "prefix.h"
#include "threads.h"
#include "trellis.h"

namespace nb = nanobind;
namespace graph = lenet::graph;
namespace prefix = lenet::prefix;
namespace trellis = lenet::trellis;

namespace {

using Nodes = nb::ndarray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Arcs = nb::ndarray<const std::int32_t, nb::shape<-1, 4>, nb::c_contig, nb::device::cpu>;
using Weights = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Field = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Table = nb::ndarray<const std::int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Labels = nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <typename Number>
using Result = nb::ndarray<nb::numpy, Number>;

template <typename Number>
Result<Number> make(std::initializer_list<std::size_t> shape) {
  std::size_t size = 1;
  for (const std::size_t extent : shape) size *= extent;
  auto* numbers = new Number[size > 0 ? size : 1];
  nb::capsule owner(numbers, [](void* pointer) noexcept { delete[] static_cast<Number*>(pointer); });
  return {numbers, shape.size(), shape.begin(), owner};
}

struct Trellis {  // a graph made ready, and how many symbols and arcs it is for
  trellis::Ready ready;
  std::int64_t symbols;
  std::size_t arcs;
};

void check_graph(const Nodes& nodes, const Arcs& arcs, const Weights& weights) {
  const auto* rows = reinterpret_cast<const graph::Arc*>(arcs.data());
  const auto limit = static_cast<std::int64_t>(nodes.shape(0));
  if (weights.shape(0) != arcs.shape(0)) throw std::invalid_argument("every arc needs one weight");
  for (std::size_t a = 0; a < arcs.shape(0); ++a) {
    if (rows[a].source < 0 || rows[a].source >= limit || rows[a].target < 0 || rows[a].target >= limit)
      throw std::invalid_argument("arc " + std::to_string(a) + " joins a node that the graph does not have");
    if (weights(a) != weights(a)) throw std::invalid_argument("the weight of arc " + std::to_string(a) + " is NaN");
  }
}

std::vector<trellis::Emissions> emissions_of(const std::vector<Field>& fields) {
  std::vector<trellis::Emissions> all;
  for (const Field& field : fields) {
    for (std::size_t k = 0; k < field.size(); ++k)
      if (!(field.data()[k] < INFINITY)) throw std::invalid_argument("emissions hold NaN or +inf");
    all.push_back({field.data(), std::int64_t(field.shape(0)), std::int64_t(field.shape(1))});
  }
  return all;
}

std::vector<trellis::Emissions> emissions_of(const std::vector<Field>& fields, const std::vector<const Trellis*>& graphs) {
  if (fields.size() != graphs.size()) throw std::invalid_argument("every field needs a graph");
  for (std::size_t k = 0; k < fields.size(); ++k)
    if (std::int64_t(fields[k].shape(1)) != graphs[k]->symbols)
      throw std::invalid_argument("field and graph differ in their symbols");
  return emissions_of(fields);
}

Result<double> forward(const std::vector<Field>& fields, const std::vector<const Trellis*>& graphs, int threads) {
  const auto all = emissions_of(fields, graphs);
  auto scores = make<double>({fields.size()});
  const nb::gil_scoped_release release;
  lenet::run(int(all.size()), threads, [&](int k, int) {
    scores.data()[k] = graphs[k]->ready.forward(all[k], nullptr, nullptr);
  });
  return scores;
}

using Gradient = std::tuple<double, Result<float>, Result<double>>;

std::vector<Gradient> gradients(const std::vector<Field>& fields, const std::vector<const Trellis*>& graphs, int threads) {
  const auto all = emissions_of(fields, graphs);
  std::vector<Gradient> results;
  for (std::size_t k = 0; k < all.size(); ++k)
    results.emplace_back(0, make<float>({fields[k].shape(0), fields[k].shape(1)}), make<double>({graphs[k]->arcs}));
  const nb::gil_scoped_release release;
  lenet::run(int(all.size()), threads, [&](int k, int) {
    auto& [score, by_frames, by_arcs] = results[k];
    score = graphs[k]->ready.forward(all[k], by_frames.data(), by_arcs.data());
  });
  return results;
}

auto viterbi(const std::vector<Field>& fields, const std::vector<const Trellis*>& graphs, int threads) {
  const auto all = emissions_of(fields, graphs);
  std::vector<trellis::Alignment> best(all.size());
  {
    const nb::gil_scoped_release release;
    lenet::run(int(all.size()), threads, [&](int k, int) { best[k] = graphs[k]->ready.viterbi(all[k]); });
  }
  std::vector<std::tuple<double, Result<std::int32_t>, Result<std::int32_t>>> results;
  for (const trellis::Alignment& each : best) {
    auto arcs = make<std::int32_t>({each.arcs.size()}), frames = make<std::int32_t>({each.arcs.size()});
    std::copy(each.arcs.begin(), each.arcs.end(), arcs.data());
    std::copy(each.frames.begin(), each.frames.end(), frames.data());
    results.emplace_back(each.score, arcs, frames);
  }
  return results;
}

void make_acceptor(prefix::Acceptor* self, const Table& next, const Nodes& accepting, const std::optional<Field>& scores) {
  const std::size_t states = next.shape(0), symbols = next.shape(1);
  if (states < 1 || symbols < 1 || states * symbols > std::size_t(1) << 28)
    throw std::invalid_argument("an acceptor has a state, a symbol, and at most 2^28 of both together");
  if (accepting.shape(0) != states) throw std::invalid_argument("every state needs a flag");
  for (std::size_t k = 0; k < next.size(); ++k)
    if (next.data()[k] < -1 || next.data()[k] >= std::int64_t(states) || (k % symbols == 0 && next.data()[k] >= 0))
      throw std::invalid_argument("a move leads to no state, or is one of the blank");
  if (scores && (scores->shape(0) != states || scores->shape(1) != symbols))
    throw std::invalid_argument("every move needs a score");
  for (std::size_t k = 0; scores && k < scores->size(); ++k)
    if (!(scores->data()[k] < INFINITY)) throw std::invalid_argument("a score is NaN or +inf");
  new (self) prefix::Acceptor(next.data(), accepting.data(), scores ? scores->data() : nullptr, int(states), int(symbols));
}

std::vector<trellis::Emissions> emissions_of(const std::vector<Field>& fields, const prefix::Acceptor& acceptor) {
  for (const Field& field : fields)
    if (std::int64_t(field.shape(1)) != acceptor.symbols())
      throw std::invalid_argument("field and acceptor differ in their symbols");
  return emissions_of(fields);
}

nb::tuple tuple_of(const prefix::Found& found) {
  nb::list symbols, spans, peaks;
  for (std::size_t k = 0; k < found.symbols.size(); ++k) {
    symbols.append(found.symbols[k]);
    spans.append(nb::make_tuple(found.spans[2 * k], found.spans[2 * k + 1]));
    peaks.append(found.peaks[k]);
  }
  return nb::make_tuple(nb::tuple(symbols), found.score, nb::tuple(spans), nb::tuple(peaks));
}

nb::list search(const std::vector<Field>& fields, const prefix::Acceptor& acceptor, int beam, int n_best, int threads) {
  const auto all = emissions_of(fields, acceptor);
  if (beam < 1 || beam > 4096 || n_best < 1) throw std::invalid_argument("a beam is from 1 to 4,096, n_best 1 or more");
  std::vector<std::vector<prefix::Found>> found(all.size());
  {
    const nb::gil_scoped_release release;
    lenet::run(int(all.size()), threads, [&](int k, int) { found[k] = prefix::search(all[k], acceptor, beam, n_best); });
  }
  nb::list results;
  for (const auto& each : found) {
    nb::list strings;
    for (const prefix::Found& one : each) strings.append(tuple_of(one));
    results.append(strings);
  }
  return results;
}

Result<double> accepted_scores(const std::vector<Field>& fields, const prefix::Acceptor& acceptor, int threads) {
  const auto all = emissions_of(fields, acceptor);
  auto scores = make<double>({fields.size()});
  const nb::gil_scoped_release release;
  lenet::run(int(all.size()), threads, [&](int k, int) { scores.data()[k] = prefix::accepted_score(all[k], acceptor); });
  return scores;
}

double string_score(const Field& field, const Labels& labels) {
  const auto all = emissions_of({field});
  for (std::size_t k = 0; k < labels.shape(0); ++k)
    if (labels(k) < 1 || labels(k) >= std::int64_t(field.shape(1)))
      throw std::invalid_argument("a label is the blank, or no symbol of the emissions");
  const nb::gil_scoped_release release;
  return prefix::string_score(all[0], labels.data(), std::int64_t(labels.shape(0)));
}

}  // namespace

void bind_trellis(nb::module_& module) {
  using nb::literals::operator""_a;
  nb::class_<Trellis>(module, "Trellis", "A graph made ready to be searched along the frames of fields.")
      .def("__init__",
           [](Trellis* self, const Nodes& nodes, const Arcs& arcs, const Weights& weights, std::int64_t symbols) {
             check_graph(nodes, arcs, weights);
             const graph::View view{nodes.data(), nodes.shape(0), reinterpret_cast<const graph::Arc*>(arcs.data()),
                                    arcs.shape(0)};
             new (self) Trellis{trellis::Ready(view, weights.data(), symbols), symbols, arcs.shape(0)};
           },
           "nodes"_a.noconvert(), "arcs"_a.noconvert(), "weights"_a.noconvert(), "symbols"_a);
  module.def("trellis_forward", &forward, "fields"_a, "graphs"_a, "threads"_a = 0, "Sum over all paths, of each field.");
  module.def("trellis_gradients", &gradients, "fields"_a, "graphs"_a, "threads"_a = 0,
             "Sum over all paths; of each field the score and its derivatives by emissions and by weights.");
  module.def("trellis_viterbi", &viterbi, "fields"_a, "graphs"_a, "threads"_a = 0,
             "Find the best path; of each field its score, arcs, and the frame of each arc.");
  nb::class_<prefix::Acceptor>(module, "Acceptor", "A deterministic acceptor made ready to search with.")
      .def("__init__", &make_acceptor, "next"_a.noconvert(), "accepting"_a.noconvert(), "scores"_a.none() = nb::none())
      .def("needs", [](const prefix::Acceptor& self) { return self.needs(0, 0); }, "Count the frames a string needs.");
  module.def("prefix_search", &search, "fields"_a, "acceptor"_a, "beam"_a, "n_best"_a, "threads"_a = 0,
             "Find the best strings; of each field a list of symbols, score, and of each symbol its frames and highest emission.",
             nb::sig("def prefix_search(fields: Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None, None), "
                     "order='C', device='cpu', writable=False)]], acceptor: Acceptor, beam: int, n_best: int, "
                     "threads: int = 0) -> list[list[tuple[tuple[int, ...], float, tuple[tuple[int, int], ...], tuple[float, ...]]]]"));
  module.def("accepted_scores", &accepted_scores, "fields"_a, "acceptor"_a, "threads"_a = 0,
             "Sum over all accepted strings, of each field.");
  module.def("string_score", &string_score, "field"_a.noconvert(), "labels"_a.noconvert(),
             "Sum over all alignments of one string.");
}
