"""Where CuPy 14.2 has less than NumPy, or answers differently: names, keywords, dtypes.

Read off CuPy's sources at its tag v14.2.0 and NumPy 2.4's public names.
"""


def _words(text: str) -> set[str]:
    return set(text.split())


ABSENT = _words("""
    asmatrix block bmat busday_count busday_offset busdaycalendar bytes_ char character clongdouble
    complex256 core ctypeslib datetime64 datetime_as_string datetime_data dtypes einsum_path emath
    errstate f2py flexible float128 frompyfunc fromregex geomspace get_include getbufsize geterr
    geterrcall histogram_bin_edges info insert is_busday isnat little_endian longdouble ma matrix
    matvec memmap nanpercentile nanquantile ndenumerate nditer nested_iters object_ polyder polydiv
    polyint rec recarray record sctypeDict setbufsize seterr seterrcall show_runtime spacing str_
    strings test timedelta64 typecodes typing unstack vecdot vecmat void""")
ABSENT_IN_LINALG = _words(
    "diagonal matrix_norm multi_dot outer svdvals tensordot trace vecdot vector_norm"
)
ABSENT_KEYWORDS = _words("where initial like device stable correction")
ABSENT_KEYWORDS_OF = {"einsum": {"out", "order"}, "take": {"mode"}, "count_nonzero": {"keepdims"}}
METHODS = _words("""
    all any argmax argmin argpartition argsort choose clip compress conj conjugate cumprod
    cumsum diagonal dot flatten max mean min nonzero partition prod ravel repeat reshape round
    searchsorted sort squeeze std sum swapaxes take trace transpose var view""")
GENERATOR_METHODS = _words("""
    beta binomial chisquare dirichlet exponential f gamma geometric hypergeometric integers
    logseries poisson power random standard_exponential standard_gamma standard_normal uniform""")
# The shape of their result depends on values, so the host waits for them.
WAITING = _words("argwhere bincount compress extract flatnonzero nonzero unique")
ELEMENTWISE = _words("clip isclose nan_to_num where")  # functions in NumPy, ufuncs in CuPy
ZERO_DIMENSIONAL = _words("allclose array_equal array_equiv count_nonzero")  # scalars in NumPy

_INTEGERS = _words("int32 int64 uint32 uint64")
AT_DTYPES = dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), _INTEGERS)
AT_DTYPES |= dict.fromkeys(("maximum", "minimum"), _INTEGERS | {"float32", "float64"})
AT_DTYPES |= {"add": AT_DTYPES["maximum"] | {"float16"}, "subtract": {"int32", "uint32"}}
