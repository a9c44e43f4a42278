using static AgentGrid.Kinds.Tests.Onnx.OnnxProto;

namespace AgentGrid.Kinds.Tests.Onnx;

/// <summary>Small models that do what tests need.</summary>
internal static class TestModels
{
    /// <summary>y[n, 2] = x[n, 2] · diag(factor) + [10, 20].</summary>
    public static byte[] MatMulAdd(float factor = 1, string output = "y") => Model(Graph(
        [Node("MatMul", "x,w", "p"), Node("Add", "p,b", output)],
        [Value("x", Float, -1, 2)], [Value(output, Float, -1, 2)],
        Constant("w", [2, 2], factor, 0, 0, factor), Constant("b", [2], 10f, 20f)));

    /// <summary>Whatever comes goes out again: any number of rows of any length, of a type by its number.</summary>
    public static byte[] Identity(int type, params long[] shape) => Model(Graph(
        [Node("Identity", "x", "y")], [Value("x", type, shape)], [Value("y", type, shape)]));

    /// <summary>Counts to n[1], an addition at a time: y[1].</summary>
    public static byte[] Loop() => Model(Graph(
        [
            Node("Loop", "n,go,start", "y", Attribute("body", Graph(
                [Node("Identity", "on", "on_"), Node("Add", "v,one", "v_")],
                [Value("i", Integer), Value("on", Bool), Value("v", Float, 1)],
                [Value("on_", Bool), Value("v_", Float, 1)], Constant("one", [1], 1f)))),
        ],
        [Value("n", Integer, 1)], [Value("y", Float, 1)],
        new OnnxProto().Add(2, Bool).Add(8, "go").Add(9, [1]), Constant("start", [1], 0f)));

    /// <summary>n[1] zeros: y[n].</summary>
    public static byte[] Zeros() => Model(Graph(
        [Node("ConstantOfShape", "n", "y")], [Value("n", Integer, 1)], [Value("y", Float, -1)]));

    /// <summary>y[2] = [1, 2], of nothing.</summary>
    public static byte[] Given() => Model(Graph(
        [Node("Identity", "c", "y")], [], [Value("y", Float, 2)], Constant("c", [2], 1f, 2f)));

    /// <summary>y = x / x: NaN where x is 0.</summary>
    public static byte[] Ratio() => Model(Graph(
        [Node("Div", "x,x", "y")], [Value("x", Float, -1, -1)], [Value("y", Float, -1, -1)]));

    /// <summary>y[n, 1] = 100, 101 or 102 for the rows x[n, 1]; any other row fails the run.</summary>
    public static byte[] Choice() => Model(Graph(
        [Node("Gather", "t,x", "y")], [Value("x", Integer, -1, 1)], [Value("y", Float, -1, 1)], Constant("t", [3], 100f, 101f, 102f)));

    /// <summary>y = x, which has more memory than there is where x has more than 8 values.</summary>
    public static byte[] Greedy() => Model(Graph(
        [
            Node("Shape", "x", "s"), Node("ReduceProd", "s", "p"), Node("Sub", "p,eight", "d"), Node("Max", "d,zero", "e"),
            Node("Mul", "e,big", "m"), Node("ConstantOfShape", "m", "z"), Node("ReduceSum", "z", "t", Attribute("keepdims", 0)),
            Node("Add", "x,t", "y"),
        ],
        [Value("x", Float, -1, -1)], [Value("y", Float, -1, -1)],
        Constant("eight", [1], 8L), Constant("zero", [1], 0L), Constant("big", [1], 1_000_000_000_000_000)));

    /// <summary>y = the different values of x[n]: what is in a batch cannot be told apart any more, and it does not say so.</summary>
    public static byte[] Different() => Model(Graph(
        [Node("Unique", "x", "y")], [Value("x", Float, -1)], [Value("y", Float, -1)]));
}
