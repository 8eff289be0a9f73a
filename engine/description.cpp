// What a network is said to be, checked before anything is made of it: shapes that lie would be read past their end.
// `lenet.architectures` refuses the same, with a sentence for each; this is for whoever calls the engine directly.
#include <climits>
#include <stdexcept>

#include "network.h"

namespace lenet {

namespace {

constexpr int MOST = 1 << 24;             // of any size or count
constexpr double MOST_WEIGHTS = 1 << 28;  // numbers of a layer: a file of weights has no room for more

void require(bool fine, const Description& is, const char* why) {
    if (!fine) throw std::invalid_argument("layer " + is.name + ": " + why);
}

bool within(int value, int least) { return least <= value && value <= MOST; }

void check_sizes(const Description& is) {
    bool fine = within(is.copies, 1) && (is.kind == Kind::subsampling || within(is.maps, 1));
    for (int axis = 0; axis < 2; ++axis)
        fine = fine && within(is.kernel[axis], 1) && within(is.stride[axis], 1) && within(is.padding[axis], 0);
    require(fine, is, "a size is too small or too large");
}

void check_table(const Description& is, int inputs) {
    require(is.table.size() == size_t(is.maps), is, "its table needs a row for each map");
    for (const std::vector<int>& row : is.table) {
        int before = -1;
        for (int map : row) {
            require(before < map && map < inputs, is, "its table names maps that it does not read, or not in ascending order");
            before = map;
        }
        require(!row.empty(), is, "a row of its table is empty");
    }
}

}  // namespace

void check_input(Shape in) {
    if (!within(in.maps, 1) || !within(in.rows, 1) || !within(in.columns, 1) ||
        double(in.maps) * in.rows * in.columns > INT_MAX)
        throw std::invalid_argument("the input is too small or too large");
}

void check(const Description& is, Shape in, bool last) {
    check_sizes(is);
    const double rows = in.rows + 2.0 * is.padding[0], columns = in.columns + 2.0 * is.padding[1];
    require(in.maps * rows * columns <= INT_MAX, is, "its padding is too large");
    const double window = is.kind == Kind::full ? double(in.rows) * in.columns : double(is.kernel[0]) * is.kernel[1];
    switch (is.kind) {
        case Kind::convolution:
            if (is.has_table) check_table(is, in.maps);
            [[fallthrough]];
        case Kind::full:
            require(is.maps * window * in.maps <= MOST_WEIGHTS, is, "it has too many weights");
            break;
        case Kind::subsampling:
            require(is.copies == 1 || is.pooling == Pooling::trainable, is, "copies without coefficients would be equal");
            require(double(in.maps) * is.copies <= MOST, is, "it makes too many maps");
            break;
        case Kind::radial_basis:
            require(last, is, "distances to codes can only come last");
            require(is.codes.size() == size_t(is.maps) * size_t(in.size()), is, "its codes need a component for each unit");
            break;
    }
}

}  // namespace lenet
