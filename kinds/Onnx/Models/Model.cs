using System.Collections.Immutable;
using AgentGrid.Kinds.Onnx.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace AgentGrid.Kinds.Onnx.Models;

/// <summary>A model that is loaded. One thread uses it, and disposes of it: that while it computes would end the process.</summary>
internal sealed class Model(InferenceSession session, ModelSignature signature) : IDisposable
{
    public ModelSignature Signature => signature;

    /// <summary>Computes several requests at once, one behind the other along the first axis.</summary>
    /// <param name="requests">At least one; with several, each joins the others and all their tensors have as many rows.</param>
    /// <param name="options">Those of this run; its Terminate ends it.</param>
    /// <returns>The outputs of each.</returns>
    /// <exception cref="ModelOutputException">The outputs cannot be told apart.</exception>
    public ImmutableArray<TensorData>[] Run(IReadOnlyList<ImmutableArray<TensorData>> requests, RunOptions options)
    {
        var inputs = new List<OrtValue>(signature.Inputs.Length);
        try
        {
            for (var i = 0; i < signature.Inputs.Length; i++)
            {
                inputs.Add(OrtTensors.Join([.. requests.Select(r => r[i])]));
            }
            using var outputs = session.Run(options, signature.InputNames, inputs, signature.OutputNames);
            return signature.Batches && requests.Count > 1 ? Split(requests, outputs) : [Whole(outputs)];
        }
        finally
        {
            inputs.ForEach(i => i.Dispose());
        }
    }

    /// <summary>Computes zeros, so that what is made on first use is there.</summary>
    /// <param name="rows">Along the first axis, where any number is allowed.</param>
    /// <exception cref="ModelOutputException">It answers with another number of rows, and is to have batches.</exception>
    public void WarmUp(int rows, RunOptions options)
    {
        var inputs = new List<OrtValue>(signature.Inputs.Length);
        try
        {
            foreach (var (_, input) in signature.Inputs)
            {
                inputs.Add(OrtTensors.Zeros(
                    input.Type, [.. input.Shape.Select((d, axis) => d >= 0 ? d : axis == 0 ? rows : 1)]));
            }
            using var outputs = session.Run(options, signature.InputNames, inputs, signature.OutputNames);
            if (signature.Batches)
            {
                CheckRows(outputs, rows);
            }
        }
        finally
        {
            inputs.ForEach(i => i.Dispose());
        }
    }

    public void Dispose() => session.Dispose();

    private static ImmutableArray<TensorData> Whole(IReadOnlyCollection<OrtValue> outputs) =>
        [.. outputs.Select(o => OrtTensors.Rows(o, 0, o.GetTensorTypeAndShape().Shape is [var rows, ..] ? rows : 1))];

    private ImmutableArray<TensorData>[] Split(IReadOnlyList<ImmutableArray<TensorData>> requests, IReadOnlyCollection<OrtValue> outputs)
    {
        CheckRows(outputs, requests.Sum(r => r[0].Rows));
        var split = new ImmutableArray<TensorData>[requests.Count];
        var start = 0L;
        for (var i = 0; i < split.Length; i++)
        {
            var (from, count) = (start, requests[i][0].Rows);
            split[i] = [.. outputs.Select(o => OrtTensors.Rows(o, from, count))];
            start += count;
        }
        return split;
    }

    private void CheckRows(IReadOnlyCollection<OrtValue> outputs, long rows)
    {
        foreach (var (output, value) in signature.Outputs.Zip(outputs))
        {
            var shape = value.GetTensorTypeAndShape().Shape;
            if (shape is not [var first, ..] || first != rows)
            {
                throw new ModelOutputException(
                    $"the output '{output.Model.Name}' of {rows} rows has the shape {TensorData.Describe(shape)}, but a batch " +
                    "comes out along the first axis, as it went in. Leave 'batch' out.");
            }
        }
    }
}

/// <summary>A model answers with something else than what it is configured for.</summary>
internal sealed class ModelOutputException(string message) : Exception(message);
