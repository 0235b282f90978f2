import pytest

import minibig as mb
from minibig.backend import training_step
from minibig.nn import Dropout, Linear, ModuleList, ReLU, Sequential, Tanh


def chain():
    return Sequential(Linear(2, 3), ReLU(), Linear(3, 1))


def test_a_slice_of_a_chain_is_a_chain_of_the_same_layers():
    model, x = chain(), mb.ones((4, 2))
    first, rest = model[:2], model[2:]
    assert type(first) is Sequential and (len(first), len(rest)) == (2, 1)
    assert first[0] is model[0]
    assert (rest(first(x)).numpy() == model(x).numpy()).all()
    assert next(iter(model[::-1])) is model[2]


@pytest.mark.parametrize("kind", [ModuleList, lambda layers: Sequential(*layers)])
def test_lists_answer_as_lists_do(kind):
    a, b, c, d = ReLU(), Tanh(), Linear(2, 2), Linear(2, 2)
    layers = kind([a, b])
    layers.append(c)
    layers.extend([d])
    assert list(layers) == [a, b, c, d] and layers[-1] is d and layers[-4] is a
    assert list(layers[1:3]) == [b, c] and type(layers[1:3]) is type(layers)
    layers.insert(1, d)
    assert list(layers) == [a, d, b, c, d] and len(layers) == 5
    layers[-1] = a
    assert list(layers) == [a, d, b, c, a]
    assert [name for name, _ in layers.named_children()] == ["0", "1", "2", "3", "4"]
    assert a in list(layers)


@pytest.mark.parametrize("index", [3, -4])
def test_a_number_outside_is_an_index_error(index):
    with pytest.raises(IndexError):
        chain()[index]
    with pytest.raises(IndexError):
        chain()[index] = ReLU()


@pytest.mark.parametrize("put", ["append", "insert", "extend", "set"])
def test_only_modules_are_taken_and_nothing_changes_otherwise(put):
    layers = chain()
    before = list(layers)
    with pytest.raises(mb.InputError, match="Sequential holds modules; got Primitive"):
        if put == "append":
            layers.append(mb.relu)
        elif put == "insert":
            layers.insert(0, mb.relu)
        elif put == "extend":
            layers.extend([mb.relu])
        else:
            layers[0] = mb.relu
    assert list(layers) == before


def test_layers_that_move_get_the_paths_of_their_new_places():
    def masks(model):
        with training_step(0):
            return model(mb.ones((4, 64))).numpy()

    model = Sequential(Dropout(0.5), Dropout(0.25)).train()
    model.insert(0, Tanh())
    expected = masks(Sequential(Tanh(), Dropout(0.5), Dropout(0.25)).train())
    assert (masks(model) == expected).all()


def test_modules_are_dropped_by_number_and_slice():
    model = Sequential(Linear(2, 2), ReLU(), Linear(2, 3), ReLU()).train()
    del model[1]
    assert [type(m) for m in model] == [Linear, Linear, ReLU] and model[1].path == "1"
    del model[1:]
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias"]
    with pytest.raises(IndexError):
        del model[5]
    assert len(model) == 1


@pytest.mark.parametrize(
    ("part", "advice"), [(ReLU, "Make one: ReLU"), (mb.relu, r"nn\.Activation\(function\)")]
)
def test_what_is_no_module_is_refused_with_the_way_to_make_one(part, advice):
    with pytest.raises(mb.InputError, match=advice):
        Sequential(Linear(2, 2), part)


def test_a_list_grows_by_its_own_modules_and_up_to_what_is_no_module():
    layers = ModuleList([ReLU(), Tanh()])
    layers.extend(layers)
    assert [type(layer).__name__ for layer in layers] == ["ReLU", "Tanh"] * 2
    with pytest.raises(mb.InputError, match="holds modules; got int"):
        layers.extend([ReLU(), 3])
    assert len(layers) == 5
