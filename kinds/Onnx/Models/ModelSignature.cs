using System.Collections.Immutable;
using System.Runtime.InteropServices;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Http.Tensors;
using AgentGrid.Kinds.Onnx.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace AgentGrid.Kinds.Onnx.Models;

/// <summary>What a model is given and answers with, as the configuration puts it together with JSON.</summary>
internal sealed class ModelSignature
{
    private readonly string _agent;
    private readonly int _maxBatchSize;

    private ModelSignature(string agent, OnnxSettings settings, ImmutableArray<Input> inputs, ImmutableArray<Output> outputs)
    {
        (_agent, _maxBatchSize) = (agent, settings.MaxBatchSize);
        (Inputs, Outputs) = (inputs, outputs);
        InputNames = [.. inputs.Select(i => i.Model.Name)];
        OutputNames = [.. outputs.Select(o => o.Model.Name)];
    }

    public ImmutableArray<Input> Inputs { get; }
    public ImmutableArray<Output> Outputs { get; }
    public string[] InputNames { get; }
    public string[] OutputNames { get; }

    /// <summary>Whether attempts can share one run.</summary>
    public bool Batches => _maxBatchSize > 1;

    /// <param name="agent">Its name.</param>
    /// <exception cref="AgentException">Model and configuration do not go together.</exception>
    public static ModelSignature Of(InferenceSession session, OnnxSettings settings, string agent)
    {
        AgentException Bad(string reason) => new(
            OnnxErrors.NotLoaded, $"Agent '{agent}': the model '{settings.Model}' and the configuration do not go together: {reason}",
            retryable: false);
        try
        {
            var inputs = settings.Tensors.Inputs.Select(i => new Input(i, Find(session.InputMetadata, i.Name, "input"))).ToImmutableArray();
            if (session.InputNames.FirstOrDefault(n => inputs.All(i => i.Model.Name != n)) is { } missing)
            {
                throw new FormatException($"'inputs' must say where the values of the model's input '{missing}' come from.");
            }
            if (inputs.FirstOrDefault(i => i.Declared.Type is { } said && said != i.Model.Type) is { } other)
            {
                throw new FormatException(
                    $"the input '{other.Model.Name}' is of {other.Model.Type} in the model, and of {other.Declared.Type} in 'inputs'.");
            }
            var wanted = settings.Tensors.Outputs.IsEmpty
                ? [.. session.OutputNames.Select(n => new TensorOutput(n, [n]))]
                : settings.Tensors.Outputs;
            var outputs = wanted.Select(o => new Output(o, Find(session.OutputMetadata, o.Name, "output"))).ToImmutableArray();
            if (settings.MaxBatchSize > 1 && inputs.IsEmpty)
            {
                throw new FormatException("the model has no inputs, so there is nothing to batch. Leave 'batch' out.");
            }
            if (settings.MaxBatchSize > 1
                && inputs.Select(i => i.Model).Concat(outputs.Select(o => o.Model)).FirstOrDefault(t => !t.HasFreeRows) is { } fixedRows)
            {
                throw new FormatException(
                    $"'{fixedRows.Name}' has the shape {TensorData.Describe(fixedRows.Shape)}, and what is in a batch is along a first axis of " +
                    "any length. Leave 'batch' out, or export the model with such an axis.");
            }
            return new ModelSignature(agent, settings, inputs, outputs);
        }
        catch (FormatException e)
        {
            throw Bad(e.Message);
        }
    }

    /// <summary>The tensors of one attempt.</summary>
    /// <exception cref="AgentException">The input has not what the model needs.</exception>
    public ImmutableArray<TensorData> Read(Json input)
    {
        ImmutableArray<TensorData> tensors = [.. Inputs.Select(i => Read(i, input))];
        if (Batches && tensors.FirstOrDefault(t => t.Rows != tensors[0].Rows) is { } other)
        {
            throw new AgentException(
                HttpErrors.BadInput,
                $"Agent '{_agent}': all tensors of a batch must have the same number of rows, but '{Inputs[0].Model.Name}' has {tensors[0].Rows}, " +
                $"'{Inputs[tensors.IndexOf(other)].Model.Name}' {other.Rows}.",
                retryable: false);
        }
        return tensors;
    }

    /// <summary>The output of one attempt.</summary>
    /// <param name="tensors">In the order of <see cref="Outputs"/>.</param>
    /// <exception cref="AgentException">It cannot be JSON, or not so large.</exception>
    public Json Write(ImmutableArray<TensorData> tensors, int maxBytes)
    {
        // Each value is a character at least, and has a comma or bracket behind it.
        var least = tensors.Sum(t => 2L * (t.Texts?.Length ?? t.Bytes.Length / t.Type.Size()));
        return least > maxBytes
            ? throw new AgentException(
                OnnxErrors.OutputTooLarge,
                $"Agent '{_agent}' has computed {least / 2:N0} values, which are more than {maxBytes:N0} bytes of JSON (option MaxOutputBytes).",
                retryable: false)
            : Json.Build(writer => TensorMapping.Write(
                writer,
                [.. Outputs.Select((o, i) => (o.Declared, (Action<System.Text.Json.Utf8JsonWriter>)(w =>
                    new TensorWriter(w, tensors[i], $"Agent '{_agent}': the output '{o.Model.Name}'").Write())))]));
    }

    private static ModelTensor Find(IReadOnlyDictionary<string, NodeMetadata> tensors, string name, string what)
    {
        if (!tensors.TryGetValue(name, out var found))
        {
            throw new FormatException(
                $"the model has no {what} '{Names.Shorten(name)}'; it has {string.Join(", ", tensors.Keys.Select(k => $"'{Names.Shorten(k)}'"))}.");
        }
        if (!found.IsTensor && !found.IsString)
        {
            throw new FormatException($"the {what} '{name}' is not a tensor but a {found.OnnxValueType}. Name the others in '{what}s'.");
        }
        return new ModelTensor(
            name,
            ElementType.Of(found.ElementDataType)
                ?? throw new FormatException($"the {what} '{name}' is of {found.ElementDataType}, which JSON has no numbers for."),
            [.. found.Dimensions.Select(d => (long)d)]);
    }

    private TensorData Read(Input input, Json json)
    {
        var element = input.Declared.Path.Find(json);
        try
        {
            var tensor = TensorReader.Read(JsonMarshal.GetRawUtf8Value(element), input.Model.Type);
            return tensor with { Shape = Shape(input, tensor) };
        }
        catch (FormatException e)
        {
            throw new AgentException(
                HttpErrors.BadInput,
                $"Agent '{_agent}': '{input.Declared.Path.Text}' of the input cannot be the tensor '{input.Model.Name}': {e.Message}.",
                retryable: false);
        }
    }

    private static long[] Shape(Input input, TensorData tensor)
    {
        // A value that stands alone is a tensor of as many dimensions as there are.
        var shape = !input.Declared.Shape.IsDefault ? Filled(input.Declared.Shape, tensor)
            : tensor.Shape.Length == 0 ? [.. input.Model.Shape.Select(_ => 1L)]
            : tensor.Shape;
        return input.Model.Fits(shape)
            ? shape
            : throw new FormatException(
                $"the model expects the shape {TensorData.Describe(input.Model.Shape)}, and it has {TensorData.Describe(shape)}");
    }

    private static long[] Filled(ImmutableArray<int> shape, TensorData tensor)
    {
        var count = tensor.Texts?.Length ?? tensor.Bytes.Length / tensor.Type.Size();
        var known = shape.Where(d => d >= 0).Aggregate(1L, (product, d) => product * d);
        return (shape.Contains(-1) ? known == 0 || count % known != 0 : known != count)
            ? throw new FormatException($"{count} values do not fill the shape {TensorData.Describe(shape.Select(d => (long)d))}")
            : [.. shape.Select(d => d >= 0 ? d : count / known)];
    }

    /// <summary>What the configuration says of an input, and what the model does.</summary>
    internal sealed record Input(TensorInput Declared, ModelTensor Model);

    /// <summary>What the configuration says of an output, and what the model does.</summary>
    internal sealed record Output(TensorOutput Declared, ModelTensor Model);
}
