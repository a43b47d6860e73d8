import { ApiProperty } from '@nestjs/swagger';
import { IsInt, IsNotEmpty, IsString, Max, MaxLength, Min } from 'class-validator';

export class GradeDto {
  @ApiProperty({ example: 'ada' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(255)
  readonly student!: string;

  @ApiProperty({ minimum: 1, maximum: 6 })
  @IsInt()
  @Min(1)
  @Max(6)
  readonly grade!: number;
}
