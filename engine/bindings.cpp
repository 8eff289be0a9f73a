// Python's view of the engine: checks, releases the GIL, calls; no arithmetic. See lenet/_engine.pyi.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <variant>

#include "threads.h"
#include "training.h"

namespace nb = nanobind;
using namespace lenet;

void bind_glyphs(nb::module_& module);
void bind_fields(nb::module_& module);
void bind_pieces(nb::module_& module);
void bind_graph(nb::module_& module);
void bind_trellis(nb::module_& module);

namespace {

using Bytes = nb::ndarray<const uint8_t, nb::c_contig, nb::device::cpu>;
using Floats = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using AnyImages = std::variant<Bytes, Floats>;
using Integers = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Vector = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Matrix = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Numbers = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Result = nb::ndarray<nb::numpy, float>;

// An array that owns its numbers.
struct Owned {
    float* data;
    Result array;
};
Owned make(std::initializer_list<size_t> shape) {
    size_t size = 1;
    for (size_t s : shape) size *= s;
    float* data = new float[size ? size : 1];
    nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<float*>(p); });
    return {data, Result(data, shape.size(), shape.begin(), owner)};
}

// (n, maps, rows, columns), or (n, rows, columns) where the network has one map.
Images images_of(const Network& net, const AnyImages& any, bool larger = false) {
    return std::visit(
        [&](const auto& a) {
            const size_t d = a.ndim();
            if (d != 4 && !(d == 3 && net.input.maps == 1))
                throw std::invalid_argument("images have to be (n, maps, rows, columns)");
            const int n = int(a.shape(0)), rows = int(a.shape(d - 2)), columns = int(a.shape(d - 1));
            if (d == 4 && int(a.shape(1)) != net.input.maps) throw std::invalid_argument("images have the wrong number of maps");
            if (n < 1 || rows < 1 || columns < 1) throw std::invalid_argument("there are no images");
            const bool fits = rows <= net.input.rows && columns <= net.input.columns;
            if (!larger && !fits) throw std::invalid_argument("images are larger than the network's input");
            return Images{a.data(), a.dtype().bits == 8, n, rows, columns, net.input};
        },
        any);
}

// The network for images of their width, where it reads any; smaller images stand in the middle of its own otherwise.
Network fitted(const Network& net, const AnyImages& any) {
    const int columns = std::visit([](const auto& a) { return a.ndim() ? int(a.shape(a.ndim() - 1)) : 0; }, any);
    return net.any_width ? net.at_width(columns) : net;
}

void check_classes(const Network& net) {
    if (net.output().size() != net.classes()) throw std::invalid_argument("the network gives maps, not a score a class");
}

void check_widths(const Network& net, const Integers& widths, int n) {
    if (!net.any_width) throw std::invalid_argument("the network reads images of one width only");
    if (int64_t(widths.shape(0)) != n) throw std::invalid_argument("widths and images differ in number");
    for (size_t k = 0; k < widths.shape(0); ++k)
        if (widths(k) < 1 || widths(k) > net.input.columns) throw std::invalid_argument("a width is not that of an image");
    net.at_width(int(*std::min_element(widths.data(), widths.data() + n)));  // throws where a layer does not fit
}

void check_labels(const Network& net, const Integers& labels, const Integers* order, int n) {
    check_classes(net);
    if (int64_t(labels.shape(0)) != n) throw std::invalid_argument("labels and images differ in number");
    for (size_t k = 0; k < labels.shape(0); ++k)
        if (labels(k) < 0 || labels(k) >= net.classes()) throw std::invalid_argument("a label is no class of the network");
    for (size_t k = 0; order && k < order->shape(0); ++k)
        if ((*order)(k) < 0 || (*order)(k) >= n) throw std::invalid_argument("the order names an image that is not there");
}

void check_targets(const Network& net, Loss loss, const Matrix& targets, int n) {
    if (loss != Loss::cross_entropy) throw std::invalid_argument("targets need the cross entropy");
    if (int64_t(targets.shape(0)) != n || int(targets.shape(1)) != net.classes())
        throw std::invalid_argument("targets have to be (images, classes)");
    for (size_t k = 0; k < targets.shape(0); ++k) {
        double sum = 0;
        for (size_t c = 0; c < targets.shape(1); ++c) {
            if (!(targets(k, c) >= 0)) throw std::invalid_argument("a target is negative or no number");
            sum += targets(k, c);
        }
        if (!(std::abs(sum - 1) < 1e-4)) throw std::invalid_argument("the targets of an image do not sum to 1");
    }
}

void check_bfloat16(const Network& net) {
    if (!net.has_bfloat16()) throw std::invalid_argument("this processor or network has no bfloat16");
}

Activation activation_of(const std::string& name) {
    const char* names[] = {"linear", "tanh", "scaled_tanh", "sigmoid", "relu"};
    for (int k = 0; k < 5; ++k)
        if (name == names[k]) return Activation(k);
    throw std::invalid_argument("unknown activation " + name);
}
Pooling pooling_of(const std::string& name) {
    const char* names[] = {"average", "max", "trainable"};
    for (int k = 0; k < 3; ++k)
        if (name == names[k]) return Pooling(k);
    throw std::invalid_argument("unknown pooling " + name);
}
Loss loss_of(const std::string& name) {
    if (name == "cross_entropy") return Loss::cross_entropy;
    if (name == "squared_error") return Loss::squared_error;
    throw std::invalid_argument("unknown loss " + name);
}

void pair_of(nb::handle value, int (&to)[2]) {
    to[0] = nb::cast<int>(value[0]), to[1] = nb::cast<int>(value[1]);
}

Description description_of(nb::handle entry) {
    Description is;
    const auto kind = nb::cast<std::string>(entry["kind"]);
    is.name = nb::cast<std::string>(entry["name"]);
    is.activation = activation_of(nb::cast<std::string>(entry["activation"]));
    if (kind == "convolution") {
        is.kind = Kind::convolution;
        is.maps = nb::cast<int>(entry["maps"]);
        pair_of(entry["kernel"], is.kernel), pair_of(entry["stride"], is.stride), pair_of(entry["padding"], is.padding);
        is.has_table = !entry["table"].is_none();
        if (is.has_table) is.table = nb::cast<std::vector<std::vector<int>>>(entry["table"]);
        is.batch_norm = nb::cast<bool>(entry["batch_norm"]);
    } else if (kind == "subsampling") {
        is.kind = Kind::subsampling;
        is.pooling = pooling_of(nb::cast<std::string>(entry["pooling"]));
        is.copies = nb::cast<int>(entry["copies"]);
        pair_of(entry["window"], is.kernel), pair_of(entry["stride"], is.stride);
    } else if (kind == "full") {
        is.kind = Kind::full;
        is.maps = nb::cast<int>(entry["units"]);
        is.batch_norm = nb::cast<bool>(entry["batch_norm"]);
    } else if (kind != "radial_basis") {
        throw std::invalid_argument("unknown kind of layer " + kind);
    } else {
        is.kind = Kind::radial_basis;
        for (nb::handle code : entry["codes"]) {
            ++is.maps;
            for (nb::handle component : code) is.codes.push_back(nb::cast<float>(component));
        }
    }
    return is;
}

struct Model {  // a network, and the pass that lenet.torch goes forward and backward with
    explicit Model(const std::string& json) : net(read(json)) {}
    static Network read(const std::string& json) {
        nb::object data = nb::module_::import_("json").attr("loads")(json);
        std::vector<Description> layers;
        for (nb::handle entry : data["layers"]) layers.push_back(description_of(entry));
        nb::object input = data["input"], scale = data["scale"];
        return Network(std::move(layers), {nb::cast<int>(input[0]), nb::cast<int>(input[1]), nb::cast<int>(input[2])},
                       nb::cast<float>(scale[0]), nb::cast<float>(scale[1]));
    }
    Network net;
    std::unique_ptr<Pass> pass;
    int threads = 0;
    bool on_openmp = false;  // whether `pass` uses OpenMP's threads; see OnOpenMP
};

Result view(Buffer& buffer, nb::handle owner) {
    const size_t shape[1] = {buffer.size()};
    return Result(buffer.data(), 1, shape, owner);
}

std::vector<int64_t> counted(int n) {
    std::vector<int64_t> which;
    for (int k = 0; k < n; ++k) which.push_back(k);
    return which;
}

// (n, classes, rows, columns), or, of a network that gives a score a class, (n, classes).
Owned make_scores(const Network& net, int n) {
    const Shape out = net.output();
    if (out.rows == 1 && out.columns == 1) return make({size_t(n), size_t(out.maps)});
    return make({size_t(n), size_t(out.maps), size_t(out.rows), size_t(out.columns)});
}
Owned make_outputs(const Network& net, int n) {
    const Shape out = net.output();
    return make({size_t(n), size_t(out.maps), size_t(out.rows), size_t(out.columns)});
}

Result forward(Model& model, const AnyImages& any, int threads, bool bfloat16) {
    const Images images = images_of(model.net, any);
    check_classes(model.net);
    if (bfloat16) check_bfloat16(model.net);
    Owned scores = make_scores(model.net, images.n);
    nb::gil_scoped_release release;
    model.net.forward(images, scores.data, threads, bfloat16);
    return scores.array;
}

Result outputs(Model& model, const AnyImages& any, int threads, const std::optional<Integers>& widths) {
    Network net = fitted(model.net, any);
    const Images images = images_of(net, any);
    if (widths) check_widths(net, *widths, images.n);
    Owned scores = make_outputs(net, images.n);
    nb::gil_scoped_release release;
    if (widths) net.forward_widths(images, widths->data(), scores.data, threads);
    else net.forward(images, scores.data, threads);
    return scores.array;
}

Result probabilities(Model& model, const AnyImages& any, float temperature, int threads, bool bfloat16) {
    const Images images = images_of(model.net, any);
    const int classes = model.net.classes();
    check_classes(model.net);
    if (bfloat16) check_bfloat16(model.net);
    Owned scores = make({size_t(images.n), size_t(classes)});
    nb::gil_scoped_release release;
    model.net.forward(images, scores.data, threads, bfloat16);
    softmax(scores.data, images.n, classes, (model.net.penalties() ? -1.0f : 1.0f) / temperature);
    return scores.array;
}

// Every layer's maps, image by image.
std::vector<Result> feature_maps(Model& model, const AnyImages& any) {
    const Images images = images_of(model.net, any);
    const int rows = model.net.input.rows, columns = model.net.input.columns;
    std::vector<Owned> results;
    for (const Layer& layer : model.net.layers)
        results.push_back(make({size_t(images.n), size_t(layer.out.maps), size_t(layer.out.rows), size_t(layer.out.columns)}));
    {
        nb::gil_scoped_release release;
        std::vector<Buffer> keep;
        Network::Outputs outputs;
        for (int k = 0; k < images.n; ++k) {
            if (!model.net.picture(images, k, {0, rows, rows, columns}, true, keep, outputs))
                throw std::invalid_argument(NOT_FINITE);
            for (size_t l = 0; l < results.size(); ++l) {
                const long size = model.net.layers[l].out.size();
                std::copy_n(outputs.data[l], size, results[l].data + k * size);
            }
        }
    }
    std::vector<Result> arrays;
    for (Owned& result : results) arrays.push_back(result.array);
    return arrays;
}

Result scan(Model& model, const AnyImages& any, int threads) {
    const Images images = images_of(model.net, any, true);
    const Shape in = model.net.input;
    const Shape last = model.net.shapes(std::max(images.rows, in.rows), std::max(images.columns, in.columns)).back();
    Owned result = make({size_t(images.n), size_t(last.maps), size_t(last.rows), size_t(last.columns)});
    nb::gil_scoped_release release;
    model.net.scan(images, result.data, threads);
    return result.array;
}

std::tuple<double, Result, Result> gradients(Model& model, const AnyImages& any, const Integers& labels,
                                             const std::string& loss, int threads) {
    const Images images = images_of(model.net, any);
    check_labels(model.net, labels, nullptr, images.n);
    const Shape in = model.net.input;
    Owned parameters = make({model.net.parameters().size()});
    Owned inputs = make({size_t(images.n), size_t(in.maps), size_t(in.rows), size_t(in.columns)});
    const Loss kind = loss_of(loss);
    double total = 0;
    {
        nb::gil_scoped_release release;
        Pass pass(model.net, threads);
        pass.moves_statistics = false;
        int64_t wrong = 0;
        const auto which = counted(images.n);
        total = pass.forward_loss(images, which.data(), images.n, kind, labels.data(), nullptr, wrong) / images.n;
        pass.backward(inputs.data, [](long, long, bool) {});
        std::copy_n(pass.gradient.data(), pass.gradient.size(), parameters.data);
    }
    return {total, parameters.array, inputs.array};
}

Result forward_train(Model& model, const AnyImages& any, int threads) {
    const Images images = images_of(model.net, any);
    Owned scores = make_scores(model.net, images.n);
    nb::gil_scoped_release release;
    const OnOpenMP on(model.on_openmp);
    if (!model.pass || model.threads != threads) model.pass = std::make_unique<Pass>(model.net, threads), model.threads = threads;
    const auto which = counted(images.n);
    model.pass->forward(images, which.data(), images.n);
    model.net.changed();
    model.pass->scores(scores.data);
    return scores.array;
}
std::pair<Result, nb::object> backward(Model& model, const Numbers& upstream, bool wanted) {
    const int passed = model.pass ? model.pass->passed() : 0;
    if (!passed || int64_t(upstream.size()) != passed * model.net.output().size())
        throw std::invalid_argument("backward needs the gradient of the scores of the last forward_train");
    const Shape in = model.net.input;
    Owned parameters = make({model.net.parameters().size()});
    Owned inputs = make({size_t(wanted ? passed : 0), size_t(in.maps), size_t(in.rows), size_t(in.columns)});
    {
        nb::gil_scoped_release release;
        const OnOpenMP on(model.on_openmp);
        model.pass->set_deltas(upstream.data());
        model.pass->backward(wanted ? inputs.data : nullptr, [](long, long, bool) {});
        std::copy_n(model.pass->gradient.data(), model.pass->gradient.size(), parameters.data);
    }
    return {parameters.array, wanted ? nb::cast(inputs.array) : nb::none()};
}

std::pair<double, int64_t> train(Trainer& trainer, const AnyImages& any, const Integers& labels,
                                 const Integers& order, int batch, const Vector& rates, const std::optional<Matrix>& targets) {
    const Images images = images_of(trainer.network(), any);
    check_labels(trainer.network(), labels, &order, images.n);
    if (targets) check_targets(trainer.network(), trainer.loss(), *targets, images.n);
    if (batch < 1) throw std::invalid_argument("a batch has to hold an image");
    const int64_t n = int64_t(order.shape(0)), steps = (n + batch - 1) / batch;
    if (int64_t(rates.shape(0)) != steps) throw std::invalid_argument("every step needs a learning rate");
    int64_t wrong = 0;
    nb::gil_scoped_release release;
    const double loss = trainer.run(images, labels.data(), targets ? targets->data() : nullptr, order.data(), n, batch,
                                    rates.data(), wrong);
    return {loss, wrong};
}

Result trainer_forward(Trainer& trainer, const AnyImages& any) {
    const Network net = fitted(trainer.network(), any);
    const Images images = images_of(net, any);
    Owned scores = make_outputs(net, images.n);
    nb::gil_scoped_release release;
    const auto which = counted(images.n);
    trainer.pass().forward(images, which.data(), images.n);
    trainer.network().changed();
    trainer.pass().scores(scores.data);
    return scores.array;
}
Result trainer_backward(Trainer& trainer, const Numbers& upstream) {
    Pass& pass = trainer.pass();
    if (!pass.passed() || int64_t(upstream.size()) != pass.passed() * pass.output().size())
        throw std::invalid_argument("backward needs the derivatives by the outputs of the last forward");
    Owned gradient = make({pass.gradient.size()});
    nb::gil_scoped_release release;
    pass.set_deltas(upstream.data());
    pass.backward(nullptr, [](long, long, bool) {});
    std::copy_n(pass.gradient.data(), pass.gradient.size(), gradient.data);
    return gradient.array;
}
void trainer_update(Trainer& trainer, const Vector& gradient, float rate) {
    if (gradient.size() != trainer.pass().gradient.size())
        throw std::invalid_argument("a gradient needs a number for each parameter");
    nb::gil_scoped_release release;
    trainer.step_along(gradient.data(), rate);
}

}  // namespace

NB_MODULE(_engine, module) {
    nb::set_leak_warnings(false);  // a network kept to the end of the process is no leak
    module.doc() = "The engine of lenet: networks, training, glyphs and graphs, in C++.";
    module.def("processor", [] { return kernels().name; }, "Name the build of the kernels that runs.");
    module.def("processors", [] {
        const char* names[8];
        return std::vector<std::string>(names, names + processors(names, 8));
    }, "Name the builds that this machine can run, best first.");
    module.def("default_threads", &default_threads, "Count the threads used where none are asked for.");
    module.def("peak", [](int threads, double seconds, bool bfloat16) {
        nb::gil_scoped_release release;
        std::vector<double> rates(size_t(std::max(threads, 1)));
        const Bfloat16Kernels* pairs = bfloat16_kernels();
        if (bfloat16 && !pairs) return 0.0;
        run(int(rates.size()), threads, [&](int k, int) {
            rates[size_t(k)] = bfloat16 ? pairs->peak(seconds) : kernels().peak(seconds);
        });
        double sum = 0;
        for (double rate : rates) sum += rate;
        return sum;
    }, nb::arg("threads"), nb::arg("seconds"), nb::arg("bfloat16") = false,
       "Measure independent multiply-adds a second, of float32 or of bfloat16 (0 where there is none).");

    nb::class_<Model>(module, "Network", "A network on the engine; `lenet.Network` checks what goes in.")
        .def(nb::init<const std::string&>(), nb::arg("description"))
        .def_prop_ro("parameters", [](nb::handle self) { return view(nb::cast<Model&>(self).net.parameters(), self); })
        .def_prop_ro("statistics", [](nb::handle self) { return view(nb::cast<Model&>(self).net.statistics(), self); })
        .def_rw("on_openmp", &Model::on_openmp)
        .def("layout", [](const Model& model) {
            nb::list list;
            for (const Entry& e : model.net.entries()) {
                nb::list shape;
                for (int size : e.shape) shape.append(size);
                list.append(nb::make_tuple(e.layer, e.what, e.offset, nb::tuple(shape), e.by_input));
            }
            return list;
        }, nb::sig("def layout(self) -> list[tuple[str, str, int, tuple[int, ...], bool]]"))
        .def("changed", [](Model& model) { model.net.changed(); })
        .def("forward", &forward, nb::arg("images").noconvert(), nb::arg("threads") = 0, nb::arg("bfloat16") = false)
        .def("outputs", &outputs, nb::arg("images").noconvert(), nb::arg("threads") = 0,
             nb::arg("widths").noconvert() = nb::none())
        .def("probabilities", &probabilities, nb::arg("images").noconvert(), nb::arg("temperature") = 1.0f, nb::arg("threads") = 0,
             nb::arg("bfloat16") = false)
        .def_prop_ro("has_bfloat16", [](const Model& model) { return model.net.has_bfloat16(); })
        .def("feature_maps", &feature_maps, nb::arg("images").noconvert())
        .def("scan", &scan, nb::arg("pictures").noconvert(), nb::arg("threads") = 0)
        .def("gradients", &gradients, nb::arg("images").noconvert(), nb::arg("labels"), nb::arg("loss") = "cross_entropy",
             nb::arg("threads") = 0)
        .def("forward_train", &forward_train, nb::arg("images").noconvert(), nb::arg("threads") = 0)
        .def("backward", &backward, nb::arg("upstream"), nb::arg("inputs") = false);

    nb::class_<Trainer>(module, "Trainer", "Passes of SGD or AdamW over images.")
        .def("__init__", [](Trainer* self, Model& model, const std::string& loss, const std::string& optimizer, float momentum,
                            float decay, float beta2, float epsilon, bool nesterov, int threads) {
            if (optimizer != "sgd" && optimizer != "adamw") throw std::invalid_argument("unknown optimizer " + optimizer);
            new (self) Trainer(model.net, {loss_of(loss), optimizer == "adamw", nesterov, momentum, decay, beta2, epsilon, threads});
        }, nb::arg("network"), nb::arg("loss") = "cross_entropy", nb::arg("optimizer") = "sgd", nb::arg("momentum") = 0.9f,
             nb::arg("decay") = 0.0f, nb::arg("beta2") = 0.999f, nb::arg("epsilon") = 1e-8f, nb::arg("nesterov") = false,
             nb::arg("threads") = 0, nb::keep_alive<1, 2>())
        .def_prop_ro("state", [](nb::handle self) { return view(nb::cast<Trainer&>(self).state, self); })
        .def_rw("step", &Trainer::step)
        .def("forward", &trainer_forward, nb::arg("images").noconvert())
        .def("backward", &trainer_backward, nb::arg("deltas"))
        .def("update", &trainer_update, nb::arg("gradient"), nb::arg("rate"))
        .def("run", &train, nb::arg("images").noconvert(), nb::arg("labels"), nb::arg("order"), nb::arg("batch"),
             nb::arg("rates"), nb::arg("targets").none() = nb::none());
    bind_glyphs(module);
    bind_fields(module);
    bind_pieces(module);
    bind_graph(module);
    bind_trellis(module);
}
