// Python's view of graph.h: checks, releases the GIL, calls. A graph comes as three arrays: flags of its nodes (1 start,
// 2 accept), rows of source, target, input and output label, and weights.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "graph.h"

namespace nb = nanobind;
namespace graph = lenet::graph;

namespace {

using Nodes = nb::ndarray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Arcs = nb::ndarray<const std::int32_t, nb::shape<-1, 4>, nb::c_contig, nb::device::cpu>;
using Weights = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <typename Number>
using Result = nb::ndarray<nb::numpy, Number>;

static_assert(sizeof(graph::Arc) == 4 * sizeof(std::int32_t));
static_assert(sizeof(graph::Reduced::Part) == 2 * sizeof(std::int32_t));

// An array that owns the vector; rows of `columns` numbers where that is not 0.
template <typename Number, typename Element>
Result<Number> array(std::vector<Element>&& elements, std::size_t columns = 0) {
  auto* kept = new std::vector<Element>(std::move(elements));
  nb::capsule owner(kept, [](void* pointer) noexcept { delete static_cast<std::vector<Element>*>(pointer); });
  const std::size_t shape[2] = {kept->size(), columns};
  return {kept->data(), columns == 0 ? std::size_t(1) : 2, shape, owner};
}

graph::View view(const Nodes& nodes, const Arcs& arcs) {
  const auto* rows = reinterpret_cast<const graph::Arc*>(arcs.data());
  const auto limit = static_cast<std::int64_t>(nodes.shape(0));
  if (nodes.shape(0) > std::size_t(1) << 30 || arcs.shape(0) > std::size_t(1) << 30)
    throw std::invalid_argument("a graph has at most 2^30 nodes and 2^30 arcs");
  for (std::size_t a = 0; a < arcs.shape(0); ++a)
    if (rows[a].source < 0 || rows[a].source >= limit || rows[a].target < 0 || rows[a].target >= limit)
      throw std::invalid_argument("arc " + std::to_string(a) + " joins a node that the graph does not have");
  return {nodes.data(), nodes.shape(0), rows, arcs.shape(0)};
}

graph::View view(const Nodes& nodes, const Arcs& arcs, const Weights& weights) {
  if (weights.shape(0) != arcs.shape(0)) throw std::invalid_argument("every arc needs one weight");
  for (std::size_t a = 0; a < weights.shape(0); ++a)
    if (weights(a) != weights(a)) throw std::invalid_argument("the weight of arc " + std::to_string(a) + " is NaN");
  return view(nodes, arcs);
}

auto compose(const Nodes& nodes1, const Arcs& arcs1, const Nodes& nodes2, const Arcs& arcs2) {
  const graph::View first = view(nodes1, arcs1), second = view(nodes2, arcs2);
  graph::Composed made;
  {
    const nb::gil_scoped_release release;
    made = graph::compose(first, second);
  }
  return std::tuple(array<std::uint8_t>(std::move(made.nodes)), array<std::int32_t>(std::move(made.arcs), 4),
                    array<std::int32_t>(std::move(made.first)), array<std::int32_t>(std::move(made.second)));
}

auto remove_labels(const Nodes& nodes, const Arcs& arcs, const Weights& weights, std::int32_t input, std::int32_t output) {
  const graph::View given = view(nodes, arcs, weights);
  graph::Reduced made;
  {
    const nb::gil_scoped_release release;
    made = graph::remove(given, weights.data(), input, output);
  }
  return std::tuple(array<std::uint8_t>(std::move(made.nodes)), array<std::int32_t>(std::move(made.arcs), 4),
                    array<std::int32_t>(std::move(made.parts), 2));
}

auto viterbi(const Nodes& nodes, const Arcs& arcs, const Weights& weights) {
  const graph::View given = view(nodes, arcs, weights);
  graph::Path path;
  {
    const nb::gil_scoped_release release;
    path = graph::viterbi(given, weights.data());
  }
  return std::pair(path.score, array<std::int32_t>(std::move(path.arcs)));
}

double forward(const Nodes& nodes, const Arcs& arcs, const Weights& weights) {
  const graph::View given = view(nodes, arcs, weights);
  const nb::gil_scoped_release release;
  return graph::forward(given, weights.data(), nullptr);
}

Result<double> shares(const Nodes& nodes, const Arcs& arcs, const Weights& weights) {
  const graph::View given = view(nodes, arcs, weights);
  std::vector<double> each(given.arc_count);
  {
    const nb::gil_scoped_release release;
    graph::forward(given, weights.data(), each.data());
  }
  return array<double>(std::move(each));
}

auto n_best(const Nodes& nodes, const Arcs& arcs, const Weights& weights, std::size_t n) {
  const graph::View given = view(nodes, arcs, weights);
  std::vector<graph::Path> paths;
  {
    const nb::gil_scoped_release release;
    paths = graph::n_best(given, weights.data(), n);
  }
  std::vector<std::pair<double, Result<std::int32_t>>> results;
  for (graph::Path& path : paths) results.emplace_back(path.score, array<std::int32_t>(std::move(path.arcs)));
  return results;
}

}  // namespace

void bind_graph(nb::module_& module) {
  using nb::literals::operator""_a;
  module.def("graph_compose", &compose, "nodes1"_a.noconvert(), "arcs1"_a.noconvert(), "nodes2"_a.noconvert(),
             "arcs2"_a.noconvert(),
             "Compose two graphs; nodes, arcs, and of each arc those of the two graphs that it was made of, -1: none.");
  module.def("graph_remove", &remove_labels, "nodes"_a.noconvert(), "arcs"_a.noconvert(), "weights"_a.noconvert(), "input"_a,
             "output"_a,
             "Leave out the arcs with these labels; nodes, arcs, and pairs of an arc and one whose weight it holds.");
  module.def("graph_viterbi", &viterbi, "nodes"_a.noconvert(), "arcs"_a.noconvert(), "weights"_a.noconvert(),
             "Find the best path; its score and its arcs.");
  module.def("graph_forward", &forward, "nodes"_a.noconvert(), "arcs"_a.noconvert(), "weights"_a.noconvert(),
             "Sum over all paths; the log of the sum of exp(score).");
  module.def("graph_shares", &shares, "nodes"_a.noconvert(), "arcs"_a.noconvert(), "weights"_a.noconvert(),
             "Share out the sum over all paths; of each arc the share of the paths through it.");
  module.def("graph_n_best", &n_best, "nodes"_a.noconvert(), "arcs"_a.noconvert(), "weights"_a.noconvert(), "n"_a,
             "Find the best paths of the n best label sequences; score and arcs of each, best first.");
}
