"""Wrong versions of a function: one small, likely slip each.

No mutation tool knows axes, means or in-place updates, which is where
learners slip; so these operators are of this course, on Python's own trees.
"""
import ast
import copy

SWAPS = {'sum': 'mean', 'mean': 'sum', 'argmax': 'argmin', 'argmin': 'argmax',
         'max': 'min', 'min': 'max', 'maximum': 'minimum',
         'minimum': 'maximum', 'zeros': 'ones', 'zeros_like': 'ones_like',
         'ones': 'zeros', 'cumsum': 'cumprod'}
# Without these a value stays as it was, or shared
DROPS = {'exp', 'log', 'abs', 'sqrt', 'square', 'copy', 'tanh', 'sigmoid',
         'relu'}
COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
               ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}


def _name(call):
    function = call.func
    return getattr(function, 'attr', getattr(function, 'id', ''))


def _binary(node):
    text = ast.unparse(node)
    left, right = node.left, node.right
    if isinstance(node.op, ast.Add | ast.Sub):
        turned = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield f'sign turned in {text}', ast.BinOp(left, turned, right)
        yield f'term dropped from {text}', left
        yield f'other term dropped from {text}', right
    elif isinstance(node.op, ast.Mult):
        yield f'factor dropped from {text}', left
        yield f'other factor dropped from {text}', right
    elif isinstance(node.op, ast.Div):
        yield f'division missing in {text}', left
    elif isinstance(node.op, ast.Pow):
        yield f'power missing in {text}', left
        yield f'size for power in {text}', ast.Call(
            ast.Name('abs', ast.Load()), [left], [])


def _call(node):
    text, name = ast.unparse(node), _name(node)
    method = isinstance(node.func, ast.Attribute)
    if name in SWAPS:
        new = copy.deepcopy(node)
        setattr(new.func, 'attr' if method else 'id', SWAPS[name])
        yield f'{SWAPS[name]} for {name} in {text}', new
    if name in DROPS and len(node.args) == 1:
        yield f'{name} left out of {text}', node.args[0]
    if name in DROPS and method and not node.args:
        yield f'{name} left out of {text}', node.func.value
    if name == 'exp' and node.args:
        new = copy.deepcopy(node)
        new.args[0] = ast.UnaryOp(ast.USub(), new.args[0])
        yield f'exp of minus in {text}', new
        yield f'power of 2 for {text}', ast.BinOp(
            ast.Constant(2), ast.Pow(), node.args[0])
    for i, keyword in enumerate(node.keywords):
        new = copy.deepcopy(node)
        if keyword.arg == 'axis' and isinstance(keyword.value, ast.Constant):
            new.keywords[i].value = ast.Constant(int(not keyword.value.value))
            yield f'axis swapped in {text}', new
            new = copy.deepcopy(new)
            new.keywords[i].value = ast.Constant(None)
            yield f'axis left out of {text}', new
        elif keyword.arg == 'keepdims':
            del new.keywords[i]
            yield f'keepdims left out of {text}', new


def _expression(node):
    """Yield the wrong versions of an expression, with what is wrong."""
    if isinstance(node, ast.BinOp):
        yield from _binary(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield f'sign turned in {ast.unparse(node)}', node.operand
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        kind = COMPARISONS.get(type(node.ops[0]))
        if kind:
            yield (f'{kind.__name__} in {ast.unparse(node)}',
                   ast.Compare(node.left, [kind()], node.comparators))
    elif isinstance(node, ast.Call):
        yield from _call(node)
    elif isinstance(node, ast.Attribute) and node.attr == 'T':
        yield f'not transposed: {ast.unparse(node)}', node.value
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        kind, value = type(node.value), node.value
        yield (f'{value} is one off' if kind is int else f'{value} doubled',
               ast.Constant(value + 1 if kind is int else 2 * value))


def _statement(node):
    """Yield the wrong versions of a statement."""
    text = ast.unparse(node).splitlines()[0]
    if isinstance(node, ast.AugAssign):
        turned = {ast.Sub: ast.Add, ast.Add: ast.Sub}.get(type(node.op))
        if turned:
            yield f'sign turned in {text}', ast.AugAssign(
                node.target, turned(), node.value)
        yield f'not added up: {text}', ast.Assign(
            [ast.parse(ast.unparse(node.target), mode='eval').body],
            node.value)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield f'left out: {text}', ast.Pass()
    elif isinstance(node, ast.Return) and node.value is not None:
        yield f'a constant returned: {text}', ast.Return(
            ast.BinOp(node.value, ast.Mult(), ast.Constant(0)))
    elif (isinstance(node, ast.Assign)
          and isinstance(node.targets[0], ast.Subscript)
          and isinstance(node.targets[0].slice, ast.Slice)):
        yield f'not in place: {text}', ast.Assign(
            [node.targets[0].value], node.value)


def _ignored(function):
    """Yield a version for each argument that is taken for 1."""
    for argument in function.args.args:
        if argument.arg == 'self':
            continue

        class Ignore(ast.NodeTransformer):
            def visit_Name(self, node, name=argument.arg):
                if node.id == name and isinstance(node.ctx, ast.Load):
                    return ast.Constant(1)
                return node

        new = copy.deepcopy(function)
        new.body = [Ignore().visit(line) for line in new.body]
        yield f'{argument.arg} taken for 1', new


def _replaced(tree, number, new):
    """Return a copy of a tree with one node, counted as walked, replaced."""
    tree = copy.deepcopy(tree)
    old = list(ast.walk(tree))[number]

    class Replace(ast.NodeTransformer):
        def visit(self, node):
            return copy.deepcopy(new) if node is old else \
                self.generic_visit(node)

    return ast.fix_missing_locations(Replace().visit(tree))


def functions(tree):
    """Return the functions and methods at the top of a cell, by name."""
    found = {}
    for node in tree.body:
        for part in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(part, ast.FunctionDef):
                outer = f'{node.name}.' if part is not node else ''
                found[outer + part.name] = part
    return found


def mutants(source, name):
    """Return (what is wrong, the cell's source with it) for a function.

    Args:
        source: a cell that defines the function.
        name: of the function, or `Class.method`.
    """
    tree = ast.parse(source)
    wanted = functions(tree)[name]
    inside = {id(n) for line in wanted.body for n in ast.walk(line)}
    for call in ast.walk(wanted):       # their axes have slips of their own
        if isinstance(call, ast.keyword) and call.arg == 'axis':
            inside -= {id(n) for n in ast.walk(call.value)}
    found = {}
    for number, node in enumerate(ast.walk(tree)):
        wrong = []
        if node is wanted:
            wrong = _ignored(node)
        elif id(node) in inside:
            wrong = (_statement(node) if isinstance(node, ast.stmt)
                     else _expression(node) if isinstance(node, ast.expr)
                     else [])
        for what, new in wrong:
            text = ast.unparse(_replaced(tree, number, new))
            if text != ast.unparse(tree):
                found.setdefault(text, what)
    return [(what, text) for text, what in found.items()]
