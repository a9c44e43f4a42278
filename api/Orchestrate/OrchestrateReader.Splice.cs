using System.Buffers;
using System.Text;
using System.Text.Json;
using AgentGrid.Api.Requests;
using AgentGrid.Core;

namespace AgentGrid.Api.Orchestrate;

internal ref partial struct OrchestrateReader
{
    // A second pass over a body that was found good: what is kept of it, field by field, as it was written.
    private readonly Json Splice()
    {
        var kept = new ArrayBufferWriter<byte>(_body.Length + 2);
        var json = StrictJson.Open(_body);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var field = Identify(ref json);
            var start = (int)json.TokenStartIndex;
            json.Read();
            json.Skip();
            if (field is Fields.Plan or Fields.Priority or Fields.Labels or Fields.OnConflict or Fields.StartAt or Fields.Delay
                or Fields.Webhooks)
            {
                continue;
            }
            kept.Write(kept.WrittenCount == 0 ? "{"u8 : ","u8);
            if (field == Fields.Round && json.TokenType == JsonTokenType.Number)
            {
                kept.Write("\"round\":\""u8);
                Encoding.UTF8.GetBytes(_round.AsSpan(), kept);
                kept.Write("\""u8);
            }
            else
            {
                kept.Write(_body[start..(int)json.BytesConsumed]);
            }
        }
        kept.Write("}"u8);
        return Json.Sound(kept.WrittenMemory);
    }
}
